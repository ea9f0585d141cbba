using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>What happened on the clearing account of an agreement.</summary>
[JsonDerivedType(typeof(AccountOpened), "account-opened")]
[JsonDerivedType(typeof(IssueCounted), "issue-counted")]
[JsonDerivedType(typeof(IssueSuppressed), "issue-suppressed")]
[JsonDerivedType(typeof(VoidCounted), "void-counted")]
[JsonDerivedType(typeof(RedemptionCleared), "redemption-cleared")]
[JsonDerivedType(typeof(ReversalCleared), "reversal-cleared")]
[JsonDerivedType(typeof(ClawBackCleared), "claw-back-cleared")]
[JsonDerivedType(typeof(RedemptionPending), "redemption-pending")]
[JsonDerivedType(typeof(RedemptionConfirmed), "redemption-confirmed")]
[JsonDerivedType(typeof(RedemptionUnconfirmed), "redemption-unconfirmed")]
[JsonDerivedType(typeof(SaleReturnCleared), "sale-return-cleared")]
[JsonDerivedType(typeof(FeeCleared), "fee-cleared")]
[JsonDerivedType(typeof(FeeReversed), "fee-reversed")]
[JsonDerivedType(typeof(TaxCleared), "tax-cleared")]
[JsonDerivedType(typeof(SettlementRecorded), "settlement-recorded")]
[JsonDerivedType(typeof(SettlementConfirmed), "settlement-confirmed")]
[JsonDerivedType(typeof(DisputeOpened), "dispute-opened")]
[JsonDerivedType(typeof(DisputeResolved), "dispute-resolved")]
[JsonDerivedType(typeof(RateRecorded), "rate-recorded")]
public abstract record AccountFact
{
    public Instant At { get; init; }

    /// <summary>The day of At in the agreement's zone; it says which period the fact belongs to.</summary>
    public LocalDate On { get; init; }
}

public sealed record AccountOpened(string Currency) : AccountFact
{
    /// <summary>Binds the statements to the agreement; null in accounts opened before it was kept.</summary>
    public string? AgreementId { get; init; }
}

/// <param name="EndsOn">The coupon's last valid day.</param>
public sealed record IssueCounted(string LegId, string CouponId, LocalDate EndsOn, long DiscountMinorUnits) : AccountFact
{
    /// <summary>The most that the issuer will owe for the coupon.</summary>
    public long ReservedMinorUnits { get; init; }

    /// <summary>The most that the issuer will bear of its discount; the redeeming brand bears the rest.</summary>
    public long IssuerShareMinorUnits { get; init; }
}

/// <summary>A triggering purchase gave no coupon, and none is made up for later.</summary>
public sealed record IssueSuppressed(string LegId, SuppressionReason Reason) : AccountFact;

public sealed record VoidCounted(string LegId, string CouponId, LocalDate EndsOn, long DiscountMinorUnits) : AccountFact
{
    /// <summary>What had been reserved for it.</summary>
    public long ReservedMinorUnits { get; init; }
}

/// <summary>A side says what the terms' source gives for a day. A day's rate never changes.</summary>
public sealed record RateRecorded(ExchangeRate Rate, Side By) : AccountFact;

/// <summary>Why a triggering purchase gave no coupon. The first that applies, in this order.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SuppressionReason>))]
public enum SuppressionReason
{
    /// <summary>The purchase was returned before its coupon was issued.</summary>
    Returned = 1,

    /// <summary>The agreement is paused, ended, or not accepted by both.</summary>
    NotActive,

    /// <summary>The purchase does not fulfill the terms.</summary>
    TriggerNotMet,

    /// <summary>The customer holds as many open coupons as the terms allow.</summary>
    MaxOpenPerCustomer,

    /// <summary>The customer got as many coupons this month as the terms allow.</summary>
    MaxIssuedPerCustomerMonth,

    /// <summary>The customer withdrew his consent to sharing, and the agreement knows it.</summary>
    ConsentMissing,

    /// <summary>The linked person holds as many open coupons of both brands as the terms allow.</summary>
    MaxOpenPerPerson,

    /// <summary>The linked person got as many coupons of both brands this month as the terms allow.</summary>
    MaxIssuedPerPersonMonth,

    /// <summary>The purchase used a coupon at the end of as long a chain as the terms allow.</summary>
    ChainDepth,

    /// <summary>The coupon is in the counter currency, and there is no rate to count it by.</summary>
    RateMissing,

    /// <summary>A brand would come to bear more for this month's coupons than the terms allow.</summary>
    FundingCap,

    /// <summary>The issuer's debt and the funded maximum of its open coupons would exceed limit or deposit.</summary>
    CreditExhausted,
}
