using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Json;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>Names of the effects that travel between tenants and agreements. Their payloads stand below.</summary>
public static class JointMessages
{
    /// <summary>Tenant to agreement: <see cref="IssueJointCoupon"/>.</summary>
    public const string Issue = "issue-joint-coupon";

    /// <summary>Tenant to agreement: <see cref="VoidJointCoupon"/>.</summary>
    public const string Void = "void-joint-coupon";

    /// <summary>Redeeming tenant to agreement: <see cref="JointSaleMade"/>.</summary>
    public const string Sale = "joint-sale-made";

    /// <summary>Redeeming tenant to agreement: <see cref="JointSaleReturned"/>.</summary>
    public const string SaleReturn = "joint-sale-returned";

    /// <summary>Redeeming tenant to agreement: <see cref="StackDecided"/>.</summary>
    public const string Stacked = "joint-stack-decided";

    /// <summary>Agreement to issuing tenant: <see cref="JointCouponReceived"/>. Sent again when a coupon reopens.</summary>
    public const string Received = "joint-coupon-received";

    /// <summary>Agreement to issuing tenant: <see cref="JointCouponGone"/>.</summary>
    public const string Gone = "joint-coupon-gone";

    /// <summary>Agreement to both tenants: <see cref="AgreementKnown"/>.</summary>
    public const string Known = "agreement-known";

    /// <summary>Agreement to issuing tenant: <see cref="AgreementLegActive"/>.</summary>
    public const string LegActive = "agreement-leg-active";

    /// <summary>Agreement to issuing tenant: <see cref="AgreementLegInactive"/>.</summary>
    public const string LegInactive = "agreement-leg-inactive";

    public static Effect ToAgreement<T>(string agreementId, string name, T message, JsonTypeInfo<T> json) =>
        new(PartitionId.Agreement(agreementId), name, JsonSerializer.SerializeToUtf8Bytes(message, json));

    public static Effect ToTenant<T>(string tenantId, string name, T message, JsonTypeInfo<T> json) =>
        new(PartitionId.Tenant(tenantId), name, JsonSerializer.SerializeToUtf8Bytes(message, json));

    public static T Read<T>(ReadOnlyMemory<byte> payload, JsonTypeInfo<T> json)
        where T : class =>
        JsonSerializer.Deserialize(payload.Span, json)
        ?? throw new InvalidOperationException($"A received {typeof(T).Name} is null.");
}

/// <summary>A purchase triggered a leg.</summary>
/// <param name="Pseudonym">Of the customer, pairwise for this leg: 32 hex digits.</param>
/// <param name="Purchase">Of the purchase, pairwise for this leg: 32 hex digits. One coupon comes of it at most.</param>
/// <param name="Customer">The customer's id, sealed: only the issuing tenant's own state opens it.</param>
/// <param name="AmountMinorUnits">The purchase's total.</param>
/// <param name="At">The issuing tenant's time.</param>
public sealed record IssueJointCoupon(
    string LegId,
    string Pseudonym,
    string Purchase,
    string Customer,
    long AmountMinorUnits,
    string Currency,
    Instant At)
{
    /// <summary>Redemptions of coupons of the same agreement that the purchase used.</summary>
    public ImmutableArray<string> Redemptions { get; init; } = [];
}

/// <summary>A purchase that may have triggered a leg was returned.</summary>
public sealed record VoidJointCoupon(string LegId, string Pseudonym, string Purchase, Instant At)
{
    /// <summary>Under which the purchase gave a coupon and no longer would; null: whichever.</summary>
    public ImmutableArray<int>? TermsVersions { get; init; }
}

/// <summary>A stacked order of the redeeming tenant took the coupon that was held for it.</summary>
/// <param name="Lines">How the discount lies on the order's lines; empty: the till told none.</param>
/// <param name="EntityId">The company whose store redeemed it; null: the tenant itself.</param>
public sealed record StackDecided(
    string Redemption, long DiscountMinorUnits, ImmutableArray<RedeemedLine> Lines, string? EntityId, Instant At);

/// <summary>A sale used a coupon of the agreement.</summary>
/// <param name="BrandId">Where it was made.</param>
/// <param name="Sale">A reference to the sale that only the redeeming tenant can make: 32 hex digits.</param>
public sealed record JointSaleMade(string Redemption, string BrandId, string Sale, Instant At);

/// <summary>A part of such a sale was returned.</summary>
/// <param name="ReturnedMinorUnits">With all returns so far.</param>
/// <param name="SoldMinorUnits">The sale's total; the returned share counts, not the currency.</param>
public sealed record JointSaleReturned(
    string Redemption,
    string BrandId,
    string Sale,
    long ReturnedMinorUnits,
    long SoldMinorUnits,
    bool IsWhole,
    Instant At);

/// <summary>The customer has an open coupon of the agreement.</summary>
/// <param name="Customer">The sealed customer id of the issue: <see cref="CustomerReference.Open"/>.</param>
/// <param name="ExpiresAt">Exclusive: the start of the day after the last valid day.</param>
/// <param name="At">When it was issued, or reopened.</param>
public sealed record JointCouponReceived(
    string Customer,
    string AgreementId,
    string CouponId,
    string Code,
    string RedeemingBrandId,
    long DiscountMinorUnits,
    string Currency,
    Instant ExpiresAt,
    Instant At);

/// <summary>Why a coupon is no longer open.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JointCouponEnd>))]
public enum JointCouponEnd
{
    Redeemed = 1,
    Voided,
}

/// <summary>A coupon of the agreement was used or voided. Expiry sends nothing: the customer's copy tells its end.</summary>
public sealed record JointCouponGone(
    string Customer, string AgreementId, string CouponId, string Code, JointCouponEnd End, Instant At);

/// <summary>An agreement names the tenant as a party.</summary>
/// <param name="BrandId">The tenant's own brand.</param>
public sealed record AgreementKnown(
    string AgreementId, string BrandId, string OtherBrandId, string CodePrefix, Instant At)
{
    /// <summary>The tenant's own: one, or both where it has both brands.</summary>
    public ImmutableArray<OwnSide>? Sides { get; init; }

    /// <summary>While it is a proposal: whose; null: both have accepted it, or the message is older.</summary>
    public string? Proposer { get; init; }

    /// <summary>Once both have accepted it: the other side's tenant; null before.</summary>
    public string? PartnerTenantId { get; init; }
}

/// <summary>Purchases of the brand issue coupons from now on.</summary>
public sealed record AgreementLegActive(
    string AgreementId,
    string LegId,
    string BrandId,
    long MinimumBasketMinorUnits,
    ImmutableArray<string> Categories,
    string PseudonymKey,
    Instant At)
{
    /// <summary>0 in messages that are older than amendments: the first.</summary>
    public int TermsVersion { get; init; }

    /// <summary>Exclusive; null: no end was told.</summary>
    public Instant? EndsAt { get; init; }
}

/// <summary>Purchases of the brand issue no more coupons of the leg; returns still void.</summary>
public sealed record AgreementLegInactive(string AgreementId, string LegId, Instant At);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(InstantJson), typeof(LocalDateJson)])]
[JsonSerializable(typeof(IssueJointCoupon))]
[JsonSerializable(typeof(VoidJointCoupon))]
[JsonSerializable(typeof(StackDecided))]
[JsonSerializable(typeof(JointSaleMade))]
[JsonSerializable(typeof(JointSaleReturned))]
[JsonSerializable(typeof(JointCouponReceived))]
[JsonSerializable(typeof(JointCouponGone))]
[JsonSerializable(typeof(AgreementKnown))]
[JsonSerializable(typeof(AgreementLegActive))]
[JsonSerializable(typeof(AgreementLegInactive))]
public sealed partial class JointMessagesJson : JsonSerializerContext;
