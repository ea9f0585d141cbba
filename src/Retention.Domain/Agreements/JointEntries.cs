using NodaTime;
using Retention.Domain.Clearing;

namespace Retention.Domain.Agreements;

/// <summary>The clearing entries of one coupon: what its redemption credits, and what is taken back of it.</summary>
internal static class JointEntries
{
    /// <summary>The entry of a redemption: final, or provisional until its sale arrives.</summary>
    public static JointCouponRedeemed Redeem(JointDesk desk, string redemption, long discount, string? entityId)
    {
        var (terms, coupon) = (desk.Terms, desk.Coupon);
        var credit = terms.IssuerShare(discount);
        var fact = new JointCouponRedeemed(redemption, discount, credit, desk.Today)
        {
            At = desk.Now, EntityId = entityId,
        };
        if (!terms.SettlesAtSale)
        {
            Post(desk, redemption, Book.Net, credit, new RedemptionCleared(
                coupon.EndsOn, discount, coupon.DiscountMinorUnits)
            { ReservedMinorUnits = coupon.ReservedMinorUnits, EntityId = entityId });
            return fact;
        }

        var confirmBy = desk.Now + Duration.FromSeconds(terms.ConfirmSeconds());
        Post(desk, redemption, Book.Provisional, credit, new RedemptionPending(
            coupon.EndsOn, discount, coupon.DiscountMinorUnits, confirmBy)
        { ReservedMinorUnits = coupon.ReservedMinorUnits, EntityId = entityId });
        return fact with { ConfirmBy = confirmBy };
    }

    /// <summary>The sale arrived: the provisional entry becomes final; a late sale clears what had been taken back.</summary>
    public static void Confirm(JointDesk desk)
    {
        var (coupon, leg) = (desk.Coupon, desk.FoundLeg);
        var isLate = coupon.StandingAt(desk.Now) is null;
        var net = JointNews.Credit(leg, coupon.CreditMinorUnits);
        var provisional = JointNews.Credit(leg, -coupon.CreditMinorUnits, Book.Provisional);
        desk.Pen.Post(Of(desk, coupon.RedemptionId, new RedemptionConfirmed(isLate)) with
        {
            Postings = isLate ? net : [.. net, .. provisional],
        });
    }

    /// <summary>Takes back a part of what the redemption's entries come to, or all of it.</summary>
    /// <param name="credit">Null: all that stands. Where nothing stands, the entry has no number and posts nothing.</param>
    public static void TakeBack(JointDesk desk, EntryFact entry, long? credit = null)
    {
        var redemption = desk.Coupon.RedemptionId;
        if (desk.Coupon.StandingAt(desk.Now) is { } standing)
        {
            Post(desk, redemption, standing.Book, -(credit ?? standing.MinorUnits), entry);
        }
        else
        {
            desk.Pen.Write(Of(desk, redemption, entry));
        }
    }

    private static void Post(JointDesk desk, string redemption, Book book, long credit, EntryFact entry) =>
        desk.Pen.Post(Of(desk, redemption, entry) with { Postings = JointNews.Credit(desk.FoundLeg, credit, book) });

    private static EntryFact Of(JointDesk desk, string redemption, EntryFact entry) => entry with
    {
        LegId = desk.FoundLeg.LegId,
        CouponId = desk.CouponId,
        Redemption = redemption,
        TermsVersion = desk.Coupon.TermsVersion,
        EntityId = entry.EntityId ?? desk.Coupon.EntityId,
    };
}
