using NodaTime;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Domain.Links;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>All that a turn over one coupon of an agreement looks at, and what it writes.</summary>
/// <param name="Leg">Null when the coupon was never issued, and nobody says in which leg it would be.</param>
internal sealed record JointDesk(
    AgreementState Agreement,
    Leg? Leg,
    string Code,
    GrainId CouponGrain,
    JointCouponState Coupon,
    GrainId UseGrain,
    JointUseState Use,
    AccountPen Pen)
{
    /// <summary>What the stacked order that holds the coupon came to, as far as it is known.</summary>
    public StackStanding Stack { get; init; }

    /// <summary>Who holds the coupon, as far as the agreement may know.</summary>
    public LinkedPerson Person { get; init; } = LinkedPerson.Nobody;

    public Leg FoundLeg => Leg ?? throw new InvalidOperationException("The coupon was never issued.");

    public Instant Now => Pen.Now;

    public LocalDate Today => Pen.Today;

    /// <summary>Nothing can be added any more.</summary>
    public bool IsClosed => AgreementClosing.IsClosed(Agreement, Pen.State, Now);

    public string CouponId => CouponCode.CouponId(Code);

    /// <summary>The terms under which the coupon was issued, and settles.</summary>
    public AgreementTerms Terms => Agreement.TermsOf(Coupon.TermsVersion);

    /// <summary>Of the redeeming brand's tills.</summary>
    public string TillCurrency => Agreement.Agreed.CurrencyOf(FoundLeg.Redeemer);

    /// <summary>The rate that holds now by the terms of the coupon; null: the terms need none, or there is none.</summary>
    public ExchangeRate? Rate => RateUnder(Terms) ?? HeldRate;

    /// <summary>That of a stacked order which was granted by it.</summary>
    public ExchangeRate? HeldRate { get; init; }

    /// <summary>Nothing can be cleared for want of a rate.</summary>
    public bool LacksRate => Terms.Fx is not null && Rate is null;

    public ExchangeRate? RateUnder(AgreementTerms terms) =>
        terms.Fx is { } fx ? Pen.State.RateOn(Today, fx.RateWindow()) : null;

    /// <summary>The desk of a coupon that may have been issued.</summary>
    /// <param name="code">Canonical; empty: no code at all.</param>
    public static JointDesk OfCode(ITurn turn, string agreementId, string code, Instant asked)
    {
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(agreementId));
        var couponGrain = AgreementGrains.CouponId(agreementId, code);
        var coupon = turn.State<JointCouponState>(couponGrain);
        var useGrain = AgreementGrains.UseId(agreementId, coupon.LegId, coupon.Pseudonym);
        var use = coupon.IsIssued ? turn.State<JointUseState>(useGrain) : JointUseState.Initial;
        return new JointDesk(
            agreement,
            agreement.FindLeg(coupon.LegId),
            code,
            couponGrain,
            coupon,
            useGrain,
            use,
            PenOf(turn, agreement, agreementId, asked))
        {
            Stack = JointStackTurns.StandingOf(turn, coupon, asked),
            Person = coupon.IsIssued && agreement.FindLeg(coupon.LegId) is { } leg
                ? LinkedPerson.Of(turn, agreement, leg, coupon.Pseudonym)
                : LinkedPerson.Nobody,
        };
    }

    /// <summary>The desk of the coupon that a purchase gives; null when the sender does not issue in that leg.</summary>
    public static JointDesk? OfPurchase(
        ITurn turn, PartitionId from, PartitionId to, string legId, string pseudonym, string purchase, Instant asked)
    {
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(to.OwnerId));
        if (agreement.FindLeg(legId) is not { } leg || PartitionId.Tenant(leg.Issuing.TenantId) != from) return null;

        var code = agreement.CodeOf(legId, purchase);
        var couponGrain = AgreementGrains.CouponId(agreement.AgreementId, code);
        var coupon = turn.State<JointCouponState>(couponGrain);
        var useGrain = AgreementGrains.UseId(agreement.AgreementId, legId, pseudonym);
        return new JointDesk(
            agreement,
            leg,
            code,
            couponGrain,
            coupon,
            useGrain,
            turn.State<JointUseState>(useGrain),
            PenOf(turn, agreement, agreement.AgreementId, asked))
        {
            Stack = JointStackTurns.StandingOf(turn, coupon, asked),
            Person = LinkedPerson.Of(turn, agreement, leg, pseudonym),
        };
    }

    /// <summary>
    /// The desk of the coupon that a redemption used and that is redeemed at the sender's brand; null when there is
    /// none, or the turn is not complete yet.
    /// </summary>
    public static JointDesk? OfRedemption(
        ITurn turn, PartitionId from, PartitionId to, string redemption, string brandId, Instant asked)
    {
        if (RedemptionId.Key(redemption) is not { } key) return null;
        if (Redeemed(turn.Recorded(key), to) is not { } redeemed) return null;

        var desk = OfCode(turn, to.OwnerId, redeemed.Grain.Key, asked);
        return desk.Leg is { } leg && PartitionId.Tenant(leg.Redeeming.TenantId) == from && leg.Redeeming.BrandId == brandId
            ? desk
            : null;
    }

    /// <summary>The desk of the coupon that a redemption used; null when there is none, or the turn is not complete yet.</summary>
    public static JointDesk? Of(ITurn turn, PartitionId agreement, string redemption, Instant asked) =>
        RedemptionId.Key(redemption) is { } key && Redeemed(turn.Recorded(key), agreement) is { } redeemed
            ? OfCode(turn, agreement.OwnerId, redeemed.Grain.Key, asked)
            : null;

    /// <summary>The coupon of the partition that a commit redeemed, or held for the redemption by a stacked order.</summary>
    public static (GrainId Grain, long? DiscountMinorUnits)? Redeemed(IReadOnlyList<Change>? facts, PartitionId partition)
    {
        foreach (var (grain, fact) in facts ?? [])
        {
            if (grain.Partition != partition) continue;
            if (fact is JointCouponRedeemed redeemed) return (grain, redeemed.DiscountMinorUnits);
            if (fact is JointStackHeld) return (grain, null);
        }

        return null;
    }

    private static AccountPen PenOf(ITurn turn, AgreementState agreement, string agreementId, Instant asked)
    {
        var grain = AgreementGrains.AccountId(agreementId);
        return new AccountPen(agreement, turn.State<AccountState>(grain), grain, asked);
    }
}
