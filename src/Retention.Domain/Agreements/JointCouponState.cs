using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Clearing;

namespace Retention.Domain.Agreements;

[JsonConverter(typeof(JsonStringEnumConverter<JointCouponStatus>))]
public enum JointCouponStatus
{
    /// <summary>Never issued.</summary>
    None,

    /// <summary>Issued and not used; outdated when its time is over.</summary>
    Open,
    Redeemed,

    /// <summary>Voided, perhaps before it was ever issued.</summary>
    Voided,
}

/// <summary>One coupon of an agreement; its key is its code. It knows no customer but by pseudonym and sealed id.</summary>
public sealed record JointCouponState
{
    public static readonly JointCouponState Initial = new();

    public JointCouponStatus Status { get; init; }

    /// <summary>Empty: a return came before the issue.</summary>
    public string LegId { get; init; } = "";

    public string Pseudonym { get; init; } = "";

    public string Customer { get; init; } = "";

    public long DiscountMinorUnits { get; init; }

    public int TermsVersion { get; init; }

    /// <summary>The last valid day, in the agreement's zone.</summary>
    public LocalDate EndsOn { get; init; }

    /// <summary>Exclusive: the start of the day after.</summary>
    public Instant ExpiresAt { get; init; }

    /// <summary>The last reservation; empty: there was none.</summary>
    public string Reservation { get; init => field = value ?? ""; } = "";

    /// <summary>Exclusive; null: it was used or released.</summary>
    public Instant? ReservedUntil { get; init; }

    /// <summary>The stacked order that the coupon waits for; null: none, or it was redeemed or released.</summary>
    public StackHold? Hold { get; init; }

    /// <summary>The redemption that stands; empty: none.</summary>
    public string RedemptionId { get; init; } = "";

    public LocalDate RedeemedOn { get; init; }

    /// <summary>What that redemption credited to the redeeming brand.</summary>
    public long CreditMinorUnits { get; init; }

    /// <summary>The company whose store redeemed it; its reversal names the same.</summary>
    public string? EntityId { get; init; }

    /// <summary>That credit in the counter currency, by <see cref="Rate"/>.</summary>
    public long CounterMinorUnits { get; init; }

    /// <summary>By which the redemption clears, and whatever takes it back; null: the account has one currency.</summary>
    public ExchangeRate? Rate { get; init; }

    /// <summary>What it was issued for in the account's currency; null: that is <see cref="DiscountMinorUnits"/>.</summary>
    public long? AccountFaceMinorUnits { get; init; }

    public long FaceInAccount => AccountFaceMinorUnits ?? DiscountMinorUnits;

    /// <summary>The discount that the redeeming brand gave.</summary>
    public long GivenMinorUnits { get; init; }

    /// <summary>How many coupons led to it, it included: each was used by the purchase that gave the next. 0: 1.</summary>
    public int Depth { get; init; }

    /// <summary>Of that credit, what was taken back for returned parts of the sale and by disputes.</summary>
    public long TakenBackMinorUnits { get; init; }

    /// <summary>Of what was taken back, the part by disputes: returns of the sale take their share of the rest.</summary>
    public long DisputedAwayMinorUnits { get; init; }

    /// <summary>The most that the issuer will owe for it while it is open.</summary>
    public long ReservedMinorUnits { get; init; }

    /// <summary>The redemption is provisional to this moment, exclusive; null: it was final at once.</summary>
    public Instant? ConfirmBy { get; init; }

    /// <summary>Reference of the sale that used the coupon, known to the redeeming tenant only; empty: none arrived.</summary>
    public string Sale { get; init => field = value ?? ""; } = "";

    /// <summary>The purchase that gave the coupon was returned after the coupon had been used, or while a stacked order held it.</summary>
    public bool IsTriggerReturned { get; init; }

    /// <summary>What the redemption cleared was taken back.</summary>
    public bool IsClawedBack { get; init; }

    public bool IsIssued => LegId.Length > 0;

    public bool IsReservedAt(Instant now) => ReservedUntil > now && Status == JointCouponStatus.Open;

    /// <summary>
    /// What the entries of the redemption come to now, and in which book; null when they came to nothing: never
    /// redeemed, clawed back, or without a sale to the moment at which that ends the matter.
    /// </summary>
    public StandingCredit? StandingAt(Instant now)
    {
        if (Status != JointCouponStatus.Redeemed || IsClawedBack) return null;
        var isFinal = ConfirmBy is null || Sale.Length > 0;
        if (!isFinal && now >= ConfirmBy) return null;
        return new StandingCredit(
            isFinal ? Book.Net : Book.Provisional, CreditMinorUnits - TakenBackMinorUnits);
    }

    public JointCouponState Evolve(JointCouponFact fact) => fact switch
    {
        JointCouponIssued issued => this with
        {
            Status = JointCouponStatus.Open,
            LegId = issued.LegId,
            Pseudonym = issued.Pseudonym,
            Customer = issued.Customer,
            DiscountMinorUnits = issued.DiscountMinorUnits,
            TermsVersion = issued.TermsVersion,
            EndsOn = issued.EndsOn,
            ExpiresAt = issued.ExpiresAt,
            ReservedMinorUnits = issued.ReservedMinorUnits,
            Depth = issued.Depth,
            AccountFaceMinorUnits = issued.AccountFaceMinorUnits,
        },
        JointCouponRedeemed redeemed => this with
        {
            Status = JointCouponStatus.Redeemed,
            RedemptionId = redeemed.Redemption,
            RedeemedOn = redeemed.On,
            CreditMinorUnits = redeemed.CreditMinorUnits,
            EntityId = redeemed.EntityId,
            GivenMinorUnits = redeemed.DiscountMinorUnits,
            ConfirmBy = redeemed.ConfirmBy,
            CounterMinorUnits = redeemed.CounterMinorUnits,
            Rate = redeemed.Rate,
            ReservedUntil = null,
            Hold = null,
        },
        JointCouponReserved reserved => this with { Reservation = reserved.Reservation, ReservedUntil = reserved.Until },
        JointCouponReleased => this with { ReservedUntil = null },
        JointStackHeld held => this with { Hold = new StackHold(held.Redemption, held.Order, held.Until, held.Rate) },
        JointStackReleased => this with { Hold = null },
        JointSaleSeen seen => this with { Sale = seen.Sale },
        JointCreditTakenBack taken => this with
        {
            TakenBackMinorUnits = TakenBackMinorUnits + taken.CreditMinorUnits,
            DisputedAwayMinorUnits = DisputedAwayMinorUnits + (taken.ByDispute ? taken.CreditMinorUnits : 0),
        },
        JointCreditGivenBack given => GivenBack(given.CreditMinorUnits),
        JointCouponReopened => Unredeemed() with { Status = JointCouponStatus.Open },
        JointCouponVoided => Unredeemed() with { Status = JointCouponStatus.Voided, Hold = null },
        JointTriggerReturned returned => this with { IsTriggerReturned = true, IsClawedBack = returned.ClawedBack },
        _ => throw new InvalidOperationException($"A joint coupon knows no {fact.GetType().Name}."),
    };

    // As if the claw-back had taken only what it keeps, by a dispute.
    private JointCouponState GivenBack(long minorUnits)
    {
        var kept = CreditMinorUnits - TakenBackMinorUnits - minorUnits;
        return this with
        {
            IsClawedBack = false,
            TakenBackMinorUnits = TakenBackMinorUnits + kept,
            DisputedAwayMinorUnits = DisputedAwayMinorUnits + kept,
        };
    }

    private JointCouponState Unredeemed() => this with
    {
        RedemptionId = "",
        CreditMinorUnits = 0,
        TakenBackMinorUnits = 0,
        DisputedAwayMinorUnits = 0,
        GivenMinorUnits = 0,
        CounterMinorUnits = 0,
        Rate = null,
        ConfirmBy = null,
        Sale = "",
        EntityId = null,
    };
}

/// <param name="Redemption">What the redemption will be called.</param>
/// <param name="Until">Exclusive.</param>
public sealed record StackHold(string Redemption, string Order, Instant Until, ExchangeRate? Rate);

/// <summary>What a redemption's entries come to: a credit of the redeeming brand, in one book.</summary>
public readonly record struct StandingCredit(Book Book, long MinorUnits);

/// <summary>What happened to one coupon of an agreement.</summary>
[JsonDerivedType(typeof(JointCouponIssued), "joint-coupon-issued")]
[JsonDerivedType(typeof(JointCouponRedeemed), "joint-coupon-redeemed")]
[JsonDerivedType(typeof(JointCouponReserved), "joint-coupon-reserved")]
[JsonDerivedType(typeof(JointCouponReleased), "joint-coupon-released")]
[JsonDerivedType(typeof(JointStackHeld), "joint-stack-held")]
[JsonDerivedType(typeof(JointStackReleased), "joint-stack-released")]
[JsonDerivedType(typeof(JointCouponReopened), "joint-coupon-reopened")]
[JsonDerivedType(typeof(JointCouponVoided), "joint-coupon-voided")]
[JsonDerivedType(typeof(JointTriggerReturned), "joint-trigger-returned")]
[JsonDerivedType(typeof(JointSaleSeen), "joint-sale-seen")]
[JsonDerivedType(typeof(JointCreditTakenBack), "joint-credit-taken-back")]
[JsonDerivedType(typeof(JointCreditGivenBack), "joint-credit-given-back")]
public abstract record JointCouponFact
{
    public Instant At { get; init; }
}

public sealed record JointCouponIssued(
    string LegId,
    string Pseudonym,
    string Customer,
    long DiscountMinorUnits,
    int TermsVersion,
    LocalDate EndsOn,
    Instant ExpiresAt) : JointCouponFact
{
    public long ReservedMinorUnits { get; init; }

    /// <summary>In the account's currency by the rate of the issue; null: the coupon is in that currency.</summary>
    public long? AccountFaceMinorUnits { get; init; }

    /// <summary>0: 1, given for a purchase that used no coupon of the agreement.</summary>
    public int Depth { get; init; }
}

/// <param name="CreditMinorUnits">The issuer's share, credited to the redeeming brand.</param>
public sealed record JointCouponRedeemed(
    string Redemption, long DiscountMinorUnits, long CreditMinorUnits, LocalDate On) : JointCouponFact
{
    /// <summary>The company whose store redeemed it; null: the redeeming tenant itself.</summary>
    public string? EntityId { get; init; }

    /// <summary>Exclusive; null: the redemption is final at once.</summary>
    public Instant? ConfirmBy { get; init; }

    /// <summary>The credit in the counter currency.</summary>
    public long CounterMinorUnits { get; init; }

    /// <summary>By which it was converted; null: the account has one currency.</summary>
    public ExchangeRate? Rate { get; init; }

    /// <summary>The reservation that it used up; null: none was open.</summary>
    public string? Reservation { get; init; }
}

/// <summary>An order at the redeeming brand keeps the coupon for itself.</summary>
/// <param name="Until">Exclusive: then it is free by itself.</param>
public sealed record JointCouponReserved(string Reservation, Instant Until) : JointCouponFact;

/// <summary>The order was canceled before the reservation's end.</summary>
public sealed record JointCouponReleased(string Reservation) : JointCouponFact;

/// <summary>An order at the redeeming brand stacks the coupon with others, and its own chain decides. Said again, it lasts longer.</summary>
/// <param name="Redemption">What the redemption is called if it comes to one.</param>
/// <param name="Order">A reference that the redeeming tenant alone can tell the order by.</param>
/// <param name="Until">Exclusive, by the redeeming tenant's time: then it is free, unless the chain has decided for it.</param>
/// <param name="Rate">By which it clears where there is none any more; null: the account has one currency.</param>
public sealed record JointStackHeld(string Redemption, string Order, Instant Until, ExchangeRate? Rate = null) : JointCouponFact;

/// <summary>The order came to nothing, and can come to nothing under this name any more.</summary>
public sealed record JointStackReleased(string Redemption) : JointCouponFact;

/// <summary>The sale that used the coupon arrived.</summary>
/// <param name="Sale">A reference that the redeeming tenant alone can tell the sale by.</param>
public sealed record JointSaleSeen(string Redemption, string Sale) : JointCouponFact;

/// <summary>A part of the redemption's credit was taken back: a part of the sale was returned, or a dispute was accepted.</summary>
public sealed record JointCreditTakenBack(string Redemption, long CreditMinorUnits) : JointCouponFact
{
    public bool ByDispute { get; init; }
}

/// <summary>A contested claw-back was given back, wholly or in part: so much of the redemption's credit stands again.</summary>
public sealed record JointCreditGivenBack(string Redemption, long CreditMinorUnits) : JointCouponFact;

/// <summary>Its redemption was reversed, and it may be used again while its time lasts.</summary>
/// <param name="ReturnId">The return at the redeeming brand that caused it; empty: none.</param>
public sealed record JointCouponReopened(string Redemption, string Reason, string ReturnId) : JointCouponFact;

/// <param name="Redemption">The redemption whose reversal voided it; empty when a return did.</param>
/// <param name="ReturnId">The return at the redeeming brand that caused it; empty: none.</param>
public sealed record JointCouponVoided(string Redemption, string Reason, string ReturnId) : JointCouponFact;

public sealed record JointTriggerReturned(bool ClawedBack) : JointCouponFact;

/// <summary>One pseudonym's part in one leg, for the caps; its key is "leg|pseudonym".</summary>
public sealed record JointUseState
{
    public static readonly JointUseState Initial = new();

    /// <summary>Coupons issued and neither used nor voided. Outdated ones leave with the next issue.</summary>
    public ImmutableArray<OpenCoupon> Open { get; init; } = [];

    /// <summary>First day of the latest month with an issue, in the agreement's zone.</summary>
    public LocalDate Month { get; init; }

    /// <summary>Issues of that month. Nothing gives a count back.</summary>
    public int MonthCount { get; init; }

    public int OpenCount(Instant now)
    {
        var count = 0;
        foreach (var coupon in Open)
        {
            if (coupon.ExpiresAt > now) count++;
        }

        return count;
    }

    public int IssuedIn(LocalDate month) => Month == month ? MonthCount : 0;

    public JointUseState Evolve(JointUseFact fact) => fact switch
    {
        JointUseOpened opened => this with
        {
            Open = [.. Open.Where(coupon => coupon.ExpiresAt > opened.At), new OpenCoupon(opened.CouponId, opened.ExpiresAt, opened.Code)],
            Month = opened.Month,
            MonthCount = IssuedIn(opened.Month) + 1,
        },
        JointUseReopened reopened => this with
        {
            Open =
            [
                .. Open.Where(coupon => coupon.ExpiresAt > reopened.At),
                new OpenCoupon(reopened.CouponId, reopened.ExpiresAt, reopened.Code),
            ],
        },
        JointUseClosed closed => this with { Open = [.. Open.Where(coupon => coupon.CouponId != closed.CouponId)] },
        _ => throw new InvalidOperationException($"A joint use knows no {fact.GetType().Name}."),
    };
}

/// <param name="Code">Null in journals that are older than links.</param>
public readonly record struct OpenCoupon(string CouponId, Instant ExpiresAt, string? Code = null);

/// <summary>What happened to one pseudonym's part in one leg.</summary>
[JsonDerivedType(typeof(JointUseOpened), "joint-use-opened")]
[JsonDerivedType(typeof(JointUseReopened), "joint-use-reopened")]
[JsonDerivedType(typeof(JointUseClosed), "joint-use-closed")]
public abstract record JointUseFact
{
    public Instant At { get; init; }
}

public sealed record JointUseOpened(string CouponId, Instant ExpiresAt, LocalDate Month, string? Code = null) : JointUseFact;

public sealed record JointUseReopened(string CouponId, Instant ExpiresAt, string? Code = null) : JointUseFact;

public sealed record JointUseClosed(string CouponId) : JointUseFact;
