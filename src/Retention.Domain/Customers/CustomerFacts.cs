using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>
/// What happened to a customer. Stored for ever under these names, which are short because there is one per purchase:
/// at: recorded time, o: origin, i: purchase id, s: source, m and q: millipoints, n: lot number, x: expiry, v: rule version,
/// b: brand. Values that equal the type's default are left out.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "$type")]
[JsonDerivedType(typeof(CustomerEnrolled), "enrolled")]
[JsonDerivedType(typeof(CardReplaced), "card-replaced")]
[JsonDerivedType(typeof(CardBlocked), "card-blocked")]
[JsonDerivedType(typeof(ProfileChanged), "profile")]
[JsonDerivedType(typeof(ConsentsChanged), "consents")]
[JsonDerivedType(typeof(ContactLogged), "contact")]
[JsonDerivedType(typeof(CustomerErased), "erased")]
[JsonDerivedType(typeof(PurchaseRecorded), "purchase")]
[JsonDerivedType(typeof(ReturnRecorded), "return")]
[JsonDerivedType(typeof(VoidRecorded), "void")]
[JsonDerivedType(typeof(PurchaseHandedOver), "handed-over")]
[JsonDerivedType(typeof(PurchaseTakenOver), "taken-over")]
[JsonDerivedType(typeof(PointsRedeemed), "redeemed")]
[JsonDerivedType(typeof(RedemptionReversed), "redemption-reversed")]
[JsonDerivedType(typeof(PointsHeld), "held")]
[JsonDerivedType(typeof(HoldCaptured), "hold-captured")]
[JsonDerivedType(typeof(HoldVoided), "hold-voided")]
[JsonDerivedType(typeof(PointsAdjusted), "adjusted")]
[JsonDerivedType(typeof(PointsSent), "sent")]
[JsonDerivedType(typeof(PointsReceived), "received")]
[JsonDerivedType(typeof(LinkOffered), "link-offered")]
[JsonDerivedType(typeof(CustomerLinked), "linked")]
[JsonDerivedType(typeof(CustomerUnlinked), "unlinked")]
[JsonDerivedType(typeof(JointCouponHeld), "joint-coupon")]
[JsonDerivedType(typeof(JointCouponEnded), "joint-coupon-gone")]
public abstract record CustomerFact
{
    /// <summary>The tenant's time when it was decided.</summary>
    [JsonPropertyName("at")]
    public Instant At { get; init; }

    [JsonPropertyName("o")]
    public Origin? Origin { get; init; }
}

/// <param name="Keys">The cards, e-mail and phone that lead to the customer.</param>
/// <param name="SealedProfile">Encrypted under the person's key; null when there is none.</param>
public sealed record CustomerEnrolled(
    [property: JsonPropertyName("k")] ImmutableArray<CustomerKey> Keys,
    [property: JsonPropertyName("p")] string? SealedProfile,
    [property: JsonPropertyName("c")] ImmutableArray<Consent> Consents) : CustomerFact;

/// <param name="BlockedHashes">The cards that no longer work.</param>
/// <param name="NewHash">The card that does.</param>
public sealed record CardReplaced(
    [property: JsonPropertyName("old")] ImmutableArray<string> BlockedHashes,
    [property: JsonPropertyName("new")] string NewHash,
    [property: JsonPropertyName("why")] string? Reason) : CustomerFact;

public sealed record CardBlocked(
    [property: JsonPropertyName("h")] string Hash,
    [property: JsonPropertyName("why")] string? Reason) : CustomerFact;

/// <param name="Keys">All keys after the change.</param>
public sealed record ProfileChanged(
    [property: JsonPropertyName("k")] ImmutableArray<CustomerKey> Keys,
    [property: JsonPropertyName("p")] string? SealedProfile) : CustomerFact;

/// <param name="Consents">Only those that changed.</param>
public sealed record ConsentsChanged(
    [property: JsonPropertyName("c")] ImmutableArray<Consent> Consents) : CustomerFact;

/// <param name="Channel">E-mail, message, phone, post, web, store.</param>
/// <param name="IsInbound">True when the customer made the contact.</param>
/// <param name="SealedNote">Free text, encrypted under the person's key.</param>
/// <param name="ContactedAt">Business time.</param>
public sealed record ContactLogged(
    [property: JsonPropertyName("id")] string ContactId,
    [property: JsonPropertyName("ch")] string Channel,
    [property: JsonPropertyName("in")] bool IsInbound,
    [property: JsonPropertyName("pu")] string? Purpose,
    [property: JsonPropertyName("out")] string? Outcome,
    [property: JsonPropertyName("note")] string? SealedNote,
    [property: JsonPropertyName("t")] Instant ContactedAt) : CustomerFact;

public sealed record CustomerErased([property: JsonPropertyName("why")] string? Reason) : CustomerFact;

/// <summary>A sale, with all that its returns will need. Amounts are minor units of the tenant's currency.</summary>
/// <param name="SoldAt">Business time; null when it was recorded at that very moment.</param>
/// <param name="Total">What was paid.</param>
/// <param name="NotMoney">The part of the total not paid with money, which accrues nothing.</param>
/// <param name="Accrued">Millipoints, after rounding and cap.</param>
/// <param name="CapTook">Millipoints that the cap per purchase took away.</param>
/// <param name="PaidDebt">The part of the accrual that paid an older debt; the lot starts with the rest.</param>
/// <param name="LotNumber">0 when nothing was accrued.</param>
/// <param name="ExpiresAt">Null: never.</param>
public sealed record PurchaseRecorded(
    [property: JsonPropertyName("s")] string Source,
    [property: JsonPropertyName("i")] string PurchaseId,
    [property: JsonPropertyName("t")] Instant? SoldAt,
    [property: JsonPropertyName("a")] long Total,
    [property: JsonPropertyName("nm")] long NotMoney,
    [property: JsonPropertyName("q")] long Accrued,
    [property: JsonPropertyName("cap")] long CapTook,
    [property: JsonPropertyName("d")] long PaidDebt,
    [property: JsonPropertyName("n")] long LotNumber,
    [property: JsonPropertyName("v")] int RuleVersion,
    [property: JsonPropertyName("x")] Instant? ExpiresAt,
    [property: JsonPropertyName("l")] ImmutableArray<PurchaseLine> Lines,
    [property: JsonPropertyName("or")] string? OrderId,
    [property: JsonPropertyName("rd")] ImmutableArray<string> RedemptionIds) : CustomerFact
{
    /// <summary>The company whose store sold; null: the tenant itself.</summary>
    [JsonPropertyName("e")]
    public string? EntityId { get; init; }

    [JsonIgnore]
    public Instant PurchasedAt => SoldAt ?? At;
}

/// <summary>One line of a purchase, in minor units.</summary>
public sealed record PurchaseLine(
    [property: JsonPropertyName("i")] string LineId,
    [property: JsonPropertyName("p")] string? ProductId,
    [property: JsonPropertyName("c")] string? Category,
    [property: JsonPropertyName("n")] long Quantity,
    [property: JsonPropertyName("a")] long Amount,
    [property: JsonPropertyName("d")] long Discount = 0,
    [property: JsonPropertyName("x")] long Tax = 0);

/// <summary>What a return did to the customer. Slices, dead, debt and forgiven add up to what was reversed.</summary>
/// <param name="Amount">Minor units returned.</param>
/// <param name="Reversed">Millipoints.</param>
/// <param name="Slices">Taken from lots: first the purchase's own, then the others.</param>
/// <param name="Dead">Had expired in a lot that is already forgotten.</param>
/// <param name="Debt">Owed from now on.</param>
/// <param name="Forgiven">Not taken: spent, and the program allows no debt.</param>
public sealed record ReturnRecorded(
    [property: JsonPropertyName("s")] string Source,
    [property: JsonPropertyName("i")] string PurchaseId,
    [property: JsonPropertyName("ri")] string ReturnId,
    [property: JsonPropertyName("a")] long Amount,
    [property: JsonPropertyName("q")] long Reversed,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Slices,
    [property: JsonPropertyName("z")] long Dead,
    [property: JsonPropertyName("d")] long Debt,
    [property: JsonPropertyName("w")] long Forgiven,
    [property: JsonPropertyName("why")] string? Reason) : CustomerFact;

public sealed record PointsRedeemed(
    [property: JsonPropertyName("id")] string RedemptionId,
    [property: JsonPropertyName("m")] long Millipoints,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Slices,
    [property: JsonPropertyName("gift")] string? GiftId,
    [property: JsonPropertyName("s")] string? Source,
    [property: JsonPropertyName("or")] string? OrderId) : CustomerFact;

/// <param name="Slices">Restored to their lots, in full.</param>
/// <param name="PaidBack">Then taken at once to pay a debt.</param>
public sealed record RedemptionReversed(
    [property: JsonPropertyName("id")] string RedemptionId,
    [property: JsonPropertyName("m")] long Millipoints,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Slices,
    [property: JsonPropertyName("pb")] ImmutableArray<LotSlice> PaidBack,
    [property: JsonPropertyName("why")] string? Reason) : CustomerFact;

/// <summary>A partner offer gave the customer a coupon, or gave it back to him.</summary>
public sealed record JointCouponHeld([property: JsonPropertyName("c")] JointCoupon Coupon) : CustomerFact;

/// <param name="WasRedeemed">False: it was voided.</param>
public sealed record JointCouponEnded(
    [property: JsonPropertyName("id")] string CouponId,
    [property: JsonPropertyName("g")] string AgreementId,
    [property: JsonPropertyName("used")] bool WasRedeemed) : CustomerFact;
