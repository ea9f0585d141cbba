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
    public static void Issue(JointDesk desk, AgreementTerms terms)
    {
        if (terms.Fee(FeeTrigger.Issue) is not { } fee) return;

        var entry = new FeeCleared(FeeTrigger.Issue)
        {
            LegId = desk.FoundLeg.LegId,
            CouponId = desk.CouponId,
            TermsVersion = desk.Agreement.TermsVersion,
        };
        Billing.Post(desk.Pen, terms, entry, PayeeOf(desk, fee), 0, fee.Of(terms.DiscountMinorUnits));
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
    public static JointCouponRedeemed Redeem(JointDesk desk, string redemption, long discount, string? entityId)
    {
        var (terms, coupon) = (desk.Terms, desk.Coupon);
        var credit = terms.IssuerShare(discount);
        var fact = new JointCouponRedeemed(redemption, discount, credit, desk.Today)
        {
            At = desk.Now,
            EntityId = entityId,
            Reservation = coupon.IsReservedAt(desk.Now) ? coupon.Reservation : null,
        };
        if (!terms.SettlesAtSale)
        {
            Bill(desk, redemption, new RedemptionCleared(coupon.EndsOn, discount, coupon.DiscountMinorUnits)
            {
                ReservedMinorUnits = coupon.ReservedMinorUnits, EntityId = entityId,
            }, 0, credit);
            BillFee(desk, new FeeCleared(FeeTrigger.Redemption) { EntityId = entityId }, redemption, 0, FeeOf(terms, discount));
            return fact;
        }

        var confirmBy = desk.Now + Duration.FromSeconds(terms.ConfirmSeconds());
        desk.Pen.Post(Of(desk, redemption, new RedemptionPending(
            coupon.EndsOn, discount, coupon.DiscountMinorUnits, confirmBy)
        {
            ReservedMinorUnits = coupon.ReservedMinorUnits, EntityId = entityId,
        }) with
        {
            Postings = Billing.Credit(desk.FoundLeg.Redeemer, credit, Book.Provisional),
        });
        return fact with { ConfirmBy = confirmBy };
    }

    /// <summary>The sale arrived: the provisional entry becomes final; a late sale clears what had been taken back.</summary>
    public static void Confirm(JointDesk desk)
    {
        var (coupon, redeemer) = (desk.Coupon, desk.FoundLeg.Redeemer);
        var isLate = coupon.StandingAt(desk.Now) is null;
        var confirmed = new RedemptionConfirmed(isLate)
        {
            Postings = isLate ? [] : Billing.Credit(redeemer, -coupon.CreditMinorUnits, Book.Provisional),
        };
        Bill(desk, coupon.RedemptionId, confirmed, 0, coupon.CreditMinorUnits);
        BillFee(
            desk,
            new FeeCleared(FeeTrigger.Redemption),
            coupon.RedemptionId,
            0,
            FeeOf(desk.Terms, coupon.GivenMinorUnits));
    }

    /// <summary>Takes back a part of what the redemption's entries come to, or all of it.</summary>
    /// <param name="credit">Null: all that stands. Where nothing stands, the entry has no number and posts nothing.</param>
    public static void TakeBack(JointDesk desk, EntryFact entry, long? credit = null)
    {
        var coupon = desk.Coupon;
        var redemption = coupon.RedemptionId;
        if (coupon.StandingAt(desk.Now) is not { } standing)
        {
            desk.Pen.Write(Of(desk, redemption, entry));
            return;
        }

        var back = credit ?? standing.MinorUnits;
        if (standing.Book == Book.Provisional)
        {
            desk.Pen.Post(Of(desk, redemption, entry) with
            {
                Postings = Billing.Credit(desk.FoundLeg.Redeemer, -back, Book.Provisional),
            });
            return;
        }

        var rest = standing.MinorUnits - back;
        Bill(desk, redemption, entry, standing.MinorUnits, rest);
        BillFee(
            desk,
            new FeeReversed(),
            redemption,
            FeeLeft(desk, standing.MinorUnits, isAll: false),
            FeeLeft(desk, rest, isAll: credit is null));
    }

    /// <summary>A claw-back is given back, wholly or in part: credit, fee and tax stand again as far.</summary>
    public static void GiveBack(JointDesk desk, EntryFact entry, long credit)
    {
        var redemption = desk.Coupon.RedemptionId;
        Bill(desk, redemption, entry, 0, credit);
        BillFee(desk, new FeeCleared(FeeTrigger.Redemption), redemption, 0, FeeLeft(desk, credit, isAll: false));
    }

    // The fee stands by the share of the credit that stands, rounded down; with all of the credit, all of it goes back.
    private static long FeeLeft(JointDesk desk, long standing, bool isAll)
    {
        var fee = FeeOf(desk.Terms, desk.Coupon.GivenMinorUnits);
        if (isAll) return 0;
        return desk.Coupon.CreditMinorUnits == 0 ? fee : (long)((Int128)fee * standing / desk.Coupon.CreditMinorUnits);
    }

    private static long FeeOf(AgreementTerms terms, long discount) => terms.Fee(FeeTrigger.Redemption)?.Of(discount) ?? 0;

    private static void Bill(JointDesk desk, string redemption, EntryFact entry, long from, long to) =>
        Billing.Post(desk.Pen, desk.Terms, Of(desk, redemption, entry), desk.FoundLeg.Redeemer, from, to);

    private static void BillFee(JointDesk desk, EntryFact entry, string redemption, long from, long to)
    {
        if (desk.Terms.Fee(FeeTrigger.Redemption) is not { } fee || from == to) return;
        Billing.Post(desk.Pen, desk.Terms, Of(desk, redemption, entry), PayeeOf(desk, fee), from, to);
    }

    private static Side PayeeOf(JointDesk desk, FeeTerms fee) =>
        fee.IssuerPays ? desk.FoundLeg.Redeemer : desk.FoundLeg.Issuer;

    private static EntryFact Of(JointDesk desk, string redemption, EntryFact entry) => entry with
    {
        LegId = desk.FoundLeg.LegId,
        CouponId = desk.CouponId,
        Redemption = redemption,
        TermsVersion = desk.Coupon.TermsVersion,
        EntityId = entry.EntityId ?? desk.Coupon.EntityId,
    };
}
