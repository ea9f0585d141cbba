using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Coupons;

/// <summary>What conditions may look at of a basket.</summary>
public sealed record BasketSeen(long TotalMinorUnits, string Currency, ImmutableArray<string> Categories)
{
    public ImmutableArray<BasketLine> Lines { get; init; } = [];

    /// <summary>First digits of the payment card; empty: none told.</summary>
    public string Bin { get; init; } = "";
}

/// <summary>One line of a basket, as conditions and returns look at it.</summary>
public sealed record BasketLine(string LineId, string ProductId, string Category, long Quantity, long AmountMinorUnits);

/// <param name="BrandId">The brand that the caller is bound to; empty: none.</param>
/// <param name="Code">As typed.</param>
/// <param name="CampaignId">Empty when the caller names none.</param>
/// <param name="CustomerId">Empty when nobody is known.</param>
/// <param name="Basket">Null when the caller tells none.</param>
/// <param name="RedemptionId">What the redemption will be called; empty for a validation.</param>
public sealed record RedeemCoupon(
    string TenantId,
    string BrandId,
    string Code,
    string CampaignId,
    string CustomerId,
    string StoreId,
    BasketSeen? Basket,
    string RedemptionId)
{
    /// <summary>The reservation that it uses up; empty: that of its order, if there is one.</summary>
    public string ReservationId { get; init; } = "";

    /// <summary>The most that the till takes off, because coupons are stacked; null: what the offer gives.</summary>
    public long? DiscountMost { get; init; }

    /// <summary>Where the order's own reservation is found; null: the till names no order.</summary>
    public LedgerKey? OrderReservation { get; init; }

    /// <summary>A till asks for a change and does not name both till and cashier.</summary>
    public bool LacksTillIds { get; init; }
}

/// <param name="Till">As for the redemption to come.</param>
public sealed record ReserveCoupon(RedeemCoupon Till, string ReservationId, Duration Ttl)
{
    public static readonly Duration TtlMin = Duration.FromSeconds(1);
    public static readonly Duration TtlMax = Duration.FromDays(7);
}

/// <param name="CouponId">Empty for a generic code.</param>
/// <param name="ExpiresAt">Exclusive.</param>
public sealed record CouponReservation(
    string ReservationId, string CouponId, string OfferId, long DiscountMinorUnits, string Currency, Instant ExpiresAt);

/// <param name="WasOpen">False: it held nothing any more.</param>
public sealed record CouponRelease(string ReservationId, bool WasOpen, Instant ReleasedAt);

/// <summary>A till that brings a joint code: who asks, and the agreements whose codes it may be.</summary>
/// <param name="Fault">Why the till's own words are refused, whatever the coupon says; null: they are sound.</param>
public sealed record JointTill(Asker Asker, ImmutableArray<AgreementRef> Agreements, Refusal? Fault)
{
    /// <summary>The till's order, by a name that the tenant alone can make; empty: it names none.</summary>
    public string Order { get; init; } = "";
}

/// <summary>A redemption, by any kind of coupon.</summary>
/// <param name="CouponId">Empty for a generic code.</param>
/// <param name="OfferId">The offer, or the leg of an agreement.</param>
/// <param name="AgreementId">Empty for a chain's own offer.</param>
public sealed record CouponRedemption(
    string RedemptionId,
    string CouponId,
    string OfferId,
    string CampaignId,
    string AgreementId,
    long DiscountMinorUnits,
    string Currency,
    Instant RedeemedAt,
    bool IsGiftCredit = false);

/// <summary>What a redemption would come to: every failing condition, in the order in which it would refuse.</summary>
public sealed record CouponValidation(
    ImmutableArray<Refusal> Failing, long DiscountMinorUnits, string Currency, string OfferId, string AgreementId)
{
    public bool IsGiftCredit { get; init; }
}

public sealed record ReverseCouponRedemption(
    string TenantId, string RedemptionId, string Reason, string ReturnId)
{
    /// <summary>What came back of the basket; empty: all that is left.</summary>
    public ImmutableArray<CouponReturnLine> Lines { get; init; } = [];
}

/// <param name="Amount">Before the coupon; null: the quantity's share of the line.</param>
public sealed record CouponReturnLine(string LineId, long Quantity, Money? Amount);

/// <param name="IsReopened">Whether the coupon may be redeemed again.</param>
/// <param name="IsWhole">Nothing of the redemption stands any more.</param>
public sealed record CouponReversal(
    string RedemptionId, long DiscountMinorUnits, string Currency, bool IsReopened, Instant ReversedAt, bool IsWhole = true);

[JsonConverter(typeof(JsonStringEnumConverter<CouponStatus>))]
public enum CouponStatus
{
    Open = 1,
    Redeemed,
    Voided,
    Expired,
}

/// <summary>One coupon as a read shows it.</summary>
/// <param name="OfferId">Of a chain's own coupon or generic code; empty otherwise.</param>
/// <param name="AgreementId">Of a joint coupon; empty otherwise.</param>
/// <param name="RedeemingBrandId">Where it is redeemed; empty: at any brand of the tenant.</param>
/// <param name="DiscountMinorUnits">Null where it depends on the basket.</param>
/// <param name="ExpiresAt">Exclusive; null: never.</param>
public sealed record CouponView(
    string CouponId,
    string Code,
    string OfferId,
    string CampaignId,
    string AgreementId,
    string RedeemingBrandId,
    CouponStatus Status,
    long? DiscountMinorUnits,
    string Currency,
    Instant? ExpiresAt);
