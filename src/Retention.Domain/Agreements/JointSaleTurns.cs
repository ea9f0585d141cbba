using Retention.Domain.Clearing;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>
/// What the sale that used a coupon, and returns of that sale, do in the agreement. Both arrive as effects from the
/// redeeming tenant, the sale first.
/// </summary>
public static class JointSaleTurns
{
    /// <summary>
    /// The sale arrived: a provisional entry becomes final, and one that was taken back for want of a sale is cleared
    /// anew, into the open period. The first sale that names the redemption is its sale; any other changes nothing.
    /// </summary>
    public static Decision Sold(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, JointMessagesJson.Default.JointSaleMade);
        var found = JointDesk.OfRedemption(turn, from, to, message.Redemption, message.BrandId, message.At);
        if (!turn.IsComplete) return Decision.Silent();
        if (found is not { } desk) return Because(RefusalReason.RedemptionNotFound);

        if (desk.IsClosed) return Decision.Silent();

        var coupon = desk.Coupon;
        if (coupon.RedemptionId != message.Redemption || coupon.Sale.Length > 0) return Decision.Silent();

        var decision = Decision.Silent()
            .Change(desk.CouponGrain, new JointSaleSeen(message.Redemption, message.Sale) { At = desk.Now });
        if (coupon.ConfirmBy is null || coupon.IsClawedBack) return decision;

        JointEntries.Confirm(desk);
        return desk.Pen.Into(decision);
    }

    /// <summary>
    /// A part of the sale came back: the same share of the redemption's credit is taken back, rounded down over all
    /// returns together; the return that completes the sale takes the rest. What a dispute took is no part of it. The coupon
    /// stays used.
    /// </summary>
    public static Decision Returned(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, JointMessagesJson.Default.JointSaleReturned);
        var found = JointDesk.OfRedemption(turn, from, to, message.Redemption, message.BrandId, message.At);
        if (!turn.IsComplete) return Decision.Silent();
        if (found is not { } desk) return Because(RefusalReason.RedemptionNotFound);

        if (desk.IsClosed) return Decision.Silent();

        var coupon = desk.Coupon;
        if (coupon.RedemptionId != message.Redemption || coupon.Sale != message.Sale) return Decision.Silent();

        var due = Due(coupon, message.ReturnedMinorUnits, message.SoldMinorUnits, message.IsWhole);
        if (coupon.IsClawedBack || due <= 0) return Decision.Silent();

        JointEntries.TakeBack(desk, new SaleReturnCleared(message.ReturnedMinorUnits, message.SoldMinorUnits), due);
        return desk.Pen.Into(Decision.Silent().Change(
            desk.CouponGrain, new JointCreditTakenBack(message.Redemption, due) { At = desk.Now }));
    }

    /// <summary>
    /// The share of the credit for what is back by now, less what was taken for it before. Of what cost nothing, since the coupon
    /// covered it all, no part has a share: the credit goes with the last of it.
    /// </summary>
    internal static long Due(JointCouponState coupon, long backMinorUnits, long soldMinorUnits, bool isWhole)
    {
        var credit = coupon.CreditMinorUnits - coupon.DisputedAwayMinorUnits;
        var share = isWhole ? credit
            : soldMinorUnits == 0 ? 0
            : (long)((Int128)credit * Math.Min(backMinorUnits, soldMinorUnits) / soldMinorUnits);
        return share - (coupon.TakenBackMinorUnits - coupon.DisputedAwayMinorUnits);
    }
}
