using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Clearing;

namespace Retention.Domain.Agreements;

/// <summary>
/// The clearing entries of one coupon: what its redemption credits, with fee and tax, and what is taken back of it.
/// All by the terms under which the coupon was issued.
/// </summary>
internal static class JointEntries
{
    /// <summary>The fee for the issue of a coupon, under the terms in force. It is not given back.</summary>
    /// <param name="face">What the coupon is for, in the account's currency.</param>
    public static void Issue(JointDesk desk, AgreementTerms terms, long face)
    {
        if (terms.Fee(FeeTrigger.Issue) is not { } fee) return;

        var entry = new FeeCleared(FeeTrigger.Issue)
        {
            LegId = desk.FoundLeg.LegId,
            CouponId = desk.CouponId,
            TermsVersion = desk.Agreement.TermsVersion,
            Rate = desk.Pen.State.LastRateOn(desk.Today),
        };
        Billing.Post(desk.Pen, terms, entry, PayeeOf(desk, fee), 0, fee.Of(face));
    }

    /// <summary>The issuer pays what a till without the network gave for a coupon that had nothing left to give. No tax: nothing is sold.</summary>
    public static void OfflineLoss(JointDesk desk, long loss, string? entityId) => desk.Pen.Post(
        new FeeCleared(FeeTrigger.OfflineLoss)
        {
            LegId = desk.FoundLeg.LegId,
            CouponId = desk.CouponId,
            TermsVersion = desk.Coupon.TermsVersion,
            EntityId = entityId,
            Postings = Billing.Credit(desk.FoundLeg.Redeemer, loss),
        });

    /// <summary>The entry of a redemption: final, or provisional until its sale arrives.</summary>
    /// <param name="discount">In the currency of the redeeming brand's tills.</param>
    public static JointCouponRedeemed Redeem(JointDesk desk, string redemption, long discount, string? entityId)
    {
        var (terms, coupon) = (desk.Terms, desk.Coupon);
        var (credit, counter) = CreditOf(desk, discount);
        var fact = new JointCouponRedeemed(redemption, discount, credit, desk.Today)
        {
            At = desk.Now,
            EntityId = entityId,
            CounterMinorUnits = counter,
            Rate = desk.Rate,
            Reservation = coupon.IsReservedAt(desk.Now) ? coupon.Reservation : null,
            ConfirmBy = terms.SettlesAtSale ? desk.Now + Duration.FromSeconds(terms.ConfirmSeconds()) : null,
        };
        var used = desk with { Coupon = coupon.Evolve(fact) };
        if (fact.ConfirmBy is not { } confirmBy)
        {
            Bill(used, new RedemptionCleared(coupon.EndsOn, discount, coupon.FaceInAccount)
            {
                ReservedMinorUnits = coupon.ReservedMinorUnits, EntityId = entityId,
            }, 0, credit, counter);
            BillFee(used, new FeeCleared(FeeTrigger.Redemption) { EntityId = entityId }, 0, FeeOf(used));
            return fact;
        }

        desk.Pen.Post(Of(used, new RedemptionPending(coupon.EndsOn, discount, coupon.FaceInAccount, confirmBy)
        {
            ReservedMinorUnits = coupon.ReservedMinorUnits, EntityId = entityId,
        }) with
        {
            Postings = Provisional(used, credit, counter),
        });
        return fact;
    }

    /// <summary>
    /// The sale arrived: what stands of the provisional entry becomes final; a late sale clears what had been taken back.
    /// </summary>
    public static void Confirm(JointDesk desk)
    {
        var standing = desk.Coupon.CreditMinorUnits - desk.Coupon.TakenBackMinorUnits;
        var counter = CounterOf(desk, standing);
        var isLate = desk.Coupon.StandingAt(desk.Now) is null;
        var confirmed = new RedemptionConfirmed(isLate)
        {
            Postings = isLate ? [] : Provisional(desk, -standing, -counter),
        };
        Bill(desk, confirmed, 0, standing, counter);
        BillFee(desk, new FeeCleared(FeeTrigger.Redemption), 0, FeeLeft(desk, standing, isAll: false));
    }

    /// <summary>Takes back a part of what the redemption's entries come to, or all of it.</summary>
    /// <param name="credit">Null: all that stands. Where nothing stands, the entry has no number and posts nothing.</param>
    public static void TakeBack(JointDesk desk, EntryFact entry, long? credit = null)
    {
        if (desk.Coupon.StandingAt(desk.Now) is not { } standing)
        {
            desk.Pen.Write(Of(desk, entry) with { Rate = null });
            return;
        }

        var rest = standing.MinorUnits - (credit ?? standing.MinorUnits);
        var counter = (credit is null ? 0 : CounterOf(desk, rest)) - CounterOf(desk, standing.MinorUnits);
        if (standing.Book == Book.Provisional)
        {
            desk.Pen.Post(Of(desk, entry) with { Postings = Provisional(desk, rest - standing.MinorUnits, counter) });
            return;
        }

        Bill(desk, entry, standing.MinorUnits, rest, counter);
        BillFee(
            desk,
            new FeeReversed(),
            FeeLeft(desk, standing.MinorUnits, isAll: false),
            FeeLeft(desk, rest, isAll: credit is null));
    }

    /// <summary>A claw-back is given back, wholly or in part: credit, fee and tax stand again as far.</summary>
    public static void GiveBack(JointDesk desk, EntryFact entry, long credit)
    {
        Bill(desk, entry, 0, credit, CounterOf(desk, credit));
        BillFee(desk, new FeeCleared(FeeTrigger.Redemption), 0, FeeLeft(desk, credit, isAll: false));
    }

    // What the issuer bears, in the account's currency and in the counter one: shared in that of the till, then converted.
    private static (long Credit, long Counter) CreditOf(JointDesk desk, long discount)
    {
        var (terms, redeemer) = (desk.Terms, desk.FoundLeg.Redeemer);
        var share = terms.IssuerShare(discount);
        if (terms.Fx is not { } fx) return (share, 0);
        var rate = desk.Rate ?? throw new InvalidOperationException("A redemption without a rate was not refused.");
        return fx.Side == redeemer
            ? (fx.ToAccount(rate, redeemer, share), share)
            : (share, fx.ToCounter(rate, redeemer, share));
    }

    // It stands by the share of the credit that stands, rounded down, at the rate of the redemption.
    private static long CounterOf(JointDesk desk, long standing) => desk.Coupon.CreditMinorUnits == 0
        ? desk.Coupon.CounterMinorUnits
        : (long)((Int128)desk.Coupon.CounterMinorUnits * standing / desk.Coupon.CreditMinorUnits);

    // The fee stands by the share of the credit that stands, rounded down; with all of the credit, all of it goes back.
    private static long FeeLeft(JointDesk desk, long standing, bool isAll)
    {
        var fee = FeeOf(desk);
        if (isAll) return 0;
        return desk.Coupon.CreditMinorUnits == 0 ? fee : (long)((Int128)fee * standing / desk.Coupon.CreditMinorUnits);
    }

    // A share is one of the discount given, in the account's currency.
    private static long FeeOf(JointDesk desk)
    {
        var (terms, coupon) = (desk.Terms, desk.Coupon);
        if (terms.Fee(FeeTrigger.Redemption) is not { } fee) return 0;
        return fee.Of(terms.InAccount(desk.FoundLeg.Redeemer, coupon.GivenMinorUnits, coupon.Rate) ?? 0);
    }

    private static ImmutableArray<Posting> Provisional(JointDesk desk, long credit, long counter) =>
        Billing.Credit(desk.FoundLeg.Redeemer, credit, Book.Provisional).AddRange(
            Billing.InCounter(desk.Coupon.Rate, desk.FoundLeg.Redeemer, counter, Book.CounterProvisional));

    private static void Bill(JointDesk desk, EntryFact entry, long from, long to, long counter) =>
        Billing.Post(desk.Pen, desk.Terms, Of(desk, entry), desk.FoundLeg.Redeemer, from, to, counter);

    private static void BillFee(JointDesk desk, EntryFact entry, long from, long to)
    {
        if (desk.Terms.Fee(FeeTrigger.Redemption) is not { } fee || from == to) return;
        Billing.Post(desk.Pen, desk.Terms, Of(desk, entry), PayeeOf(desk, fee), from, to);
    }

    private static Side PayeeOf(JointDesk desk, FeeTerms fee) =>
        fee.IssuerPays ? desk.FoundLeg.Redeemer : desk.FoundLeg.Issuer;

    private static EntryFact Of(JointDesk desk, EntryFact entry) => entry with
    {
        LegId = desk.FoundLeg.LegId,
        CouponId = desk.CouponId,
        Redemption = desk.Coupon.RedemptionId,
        TermsVersion = desk.Coupon.TermsVersion,
        EntityId = entry.EntityId ?? desk.Coupon.EntityId,
        Rate = desk.Coupon.Rate,
    };
}
