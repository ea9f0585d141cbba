using System.Collections.Immutable;
using NodaTime;
using Retention.Kernel;

namespace Retention.Domain.Customers;

/// <summary>A customer by his id or by his card; exactly one of them is set.</summary>
public readonly record struct CustomerRef(string? CustomerId, string? CardNumber);

/// <param name="Keys">Card, e-mail and phone in plain text; only their hashes are stored.</param>
/// <param name="SealedProfile">Encrypted by the caller under the person's key.</param>
public sealed record EnrollCustomer(
    string CustomerId,
    ImmutableArray<(CustomerKeyKind Kind, string Address)> Keys,
    string? SealedProfile,
    ImmutableArray<Consent> Consents,
    Origin Origin);

/// <param name="OldCard">Null: all cards of the customer.</param>
public sealed record ReplaceCard(string CustomerId, string? OldCard, string NewCard, string? Reason, Origin Origin);

public sealed record BlockCard(string CardNumber, string? Reason, Origin Origin);

/// <param name="Keys">E-mail and phone of the new profile; those of the old one are freed.</param>
public sealed record ChangeProfile(
    string CustomerId,
    ImmutableArray<(CustomerKeyKind Kind, string Address)> Keys,
    string? SealedProfile,
    Origin Origin);

public sealed record ChangeConsents(string CustomerId, ImmutableArray<Consent> Consents, Origin Origin);

public sealed record LogContact(
    string CustomerId,
    string ContactId,
    string Channel,
    bool IsInbound,
    string? Purpose,
    string? Outcome,
    string? SealedNote,
    Instant? ContactedAt,
    Origin Origin);

public sealed record EraseCustomer(string CustomerId, string? Reason, Origin Origin);

/// <param name="PurchasedAt">Null: now.</param>
/// <param name="NotMoney">The part of the total paid with points or coupons; it accrues nothing.</param>
/// <param name="EnrollsUnknown">A customer who is not there is enrolled by his id in the same turn.</param>
public sealed record RecordPurchase(
    CustomerRef Customer,
    string Source,
    string PurchaseId,
    Instant? PurchasedAt,
    Money Total,
    long NotMoney,
    ImmutableArray<PurchaseLine> Lines,
    string? OrderId,
    ImmutableArray<string> RedemptionIds,
    bool EnrollsUnknown,
    Origin Origin);

/// <param name="Lines">Empty: all that is left of the purchase.</param>
public sealed record ReturnPurchase(
    string Source,
    string PurchaseId,
    string ReturnId,
    ImmutableArray<ReturnLine> Lines,
    string? Reason,
    Origin Origin);

/// <param name="Amount">Minor units; null: the quantity's share of the line.</param>
public sealed record ReturnLine(string LineId, long Quantity, Money? Amount);

public sealed record RedeemPoints(
    CustomerRef Customer,
    string RedemptionId,
    long Millipoints,
    string? GiftId,
    string? Source,
    string? OrderId,
    Origin Origin);

public sealed record ReverseRedemption(string RedemptionId, string? Reason, Origin Origin);
