using System.Collections.Immutable;
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
public sealed record IssueCounted(string LegId, string CouponId, LocalDate EndsOn, long DiscountMinorUnits) : AccountFact;

/// <summary>A triggering purchase gave no coupon, and none is made up for later.</summary>
public sealed record IssueSuppressed(string LegId, SuppressionReason Reason) : AccountFact;

public sealed record VoidCounted(string LegId, string CouponId, LocalDate EndsOn, long DiscountMinorUnits) : AccountFact;

/// <summary>Clearing entries. The postings of each sum to zero.</summary>
public abstract record EntryFact : AccountFact
{
    /// <summary>1, 2, 3, ... without a gap; 0 for a reversal of what was clawed back, which posts nothing.</summary>
    public long Number { get; init; }

    public string LegId { get; init; } = "";

    public string CouponId { get; init; } = "";

    public string Redemption { get; init; } = "";

    /// <summary>The version that the coupon was issued under.</summary>
    public int TermsVersion { get; init; }

    /// <summary>The company whose store redeemed the coupon; null: the tenant itself, or nothing was redeemed.</summary>
    public string? EntityId { get; init; }

    public ImmutableArray<Posting> Postings { get; init; } = [];
}

/// <param name="DiscountMinorUnits">What the redeeming brand gave.</param>
/// <param name="FaceMinorUnits">What the coupon was issued for.</param>
public sealed record RedemptionCleared(LocalDate EndsOn, long DiscountMinorUnits, long FaceMinorUnits) : EntryFact;

/// <param name="Reopens">Whether the coupon is open again (or outdated, after its last day); else it is voided.</param>
public sealed record ReversalCleared(LocalDate EndsOn, long FaceMinorUnits, bool Reopens) : EntryFact;

public sealed record ClawBackCleared : EntryFact;

/// <summary>One side of a double entry: positive is a credit, which the other side owes.</summary>
public readonly record struct Posting(Side Side, long MinorUnits);

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
}
