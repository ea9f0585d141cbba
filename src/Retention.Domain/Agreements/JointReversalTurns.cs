using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>Takes redemptions of joint coupons back, as a whole or by lines, whenever it comes.</summary>
public static class JointReversalTurns
{
    /// <summary>
    /// Whether the asker's tills made the redemption. Asked before a reversal, since the key of one that was made answers a
    /// repeat without a turn, and whoever is not the redeeming side is answered as for an unknown redemption.
    /// </summary>
    public static Decision Find(ITurn turn, Asker asker, string agreementId, string redemptionId)
    {
        var unknown = Because(RefusalReason.RedemptionNotFound, ("redemption_id", redemptionId));
        if (RedemptionId.Key(redemptionId) is not { } key) return unknown;

        var found = JointDesk.Redeemed(turn.Recorded(key), PartitionId.Agreement(agreementId));
        if (found is not { } redeemed) return turn.IsComplete ? unknown : Decision.Silent();

        var desk = JointCouponTurns.Opened(turn, asker, agreementId, redeemed.Grain.Key);
        if (!turn.IsComplete) return Decision.Silent();
        return JointCouponTurns.IsRedeemers(desk, asker) ? Decision.With(desk.CouponId) : unknown;
    }

    /// <summary>
    /// Mirrors what stands of the redemption's entries, unless a claw-back did already. The coupon reopens, unless the terms
    /// say otherwise or the purchase that gave it was returned meanwhile. Named lines take back their part only, and the coupon stays used
    /// until the last of them.
    /// </summary>
    public static Decision Reverse(ITurn turn, Asker asker, string agreementId, ReverseCouponRedemption command)
    {
        var unknown = Because(RefusalReason.RedemptionNotFound, ("redemption_id", command.RedemptionId));
        if (RedemptionId.Key(command.RedemptionId) is not { } key) return unknown;

        var found = JointDesk.Redeemed(turn.Recorded(key), PartitionId.Agreement(agreementId));
        if (found is not { } redeemed) return turn.IsComplete ? unknown : Decision.Silent();

        // What a stacked order only held was not redeemed.
        var isDecided = redeemed.DiscountMinorUnits is not null
            || turn.Recorded(JointStackTurns.Outcome(command.RedemptionId)) is { Count: > 0 };

        var desk = JointCouponTurns.Opened(turn, asker, agreementId, redeemed.Grain.Key);
        var linesGrain = AgreementGrains.RedemptionId(agreementId, command.RedemptionId);
        var lines = turn.State<RedemptionState>(linesGrain);
        if (!turn.IsComplete) return Decision.Silent();
        if (!isDecided || !JointCouponTurns.IsRedeemers(desk, asker)) return unknown;
        if (command.Lines.Any(line => line.Amount is { } money && money.Currency != desk.TillCurrency))
        {
            return Because(RefusalReason.CurrencyMismatch, ("currency_code", desk.TillCurrency));
        }

        if (desk.Coupon.RedemptionId != command.RedemptionId) return Because(RefusalReason.RedemptionAlreadyReversed);
        if (desk.IsClosed) return AgreementClosing.Refusal(desk.Agreement, desk.Pen.State);

        var (back, refusal) = DiscountSpread.Take(lines, command.Lines);
        if (refusal is not null) return refusal;

        var given = redeemed.DiscountMinorUnits ?? desk.Coupon.GivenMinorUnits;
        var returned = new RedemptionLinesReturned(back, command.ReturnId, desk.Now);
        var after = lines.Evolve(returned);
        var isWhole = command.Lines.IsEmpty || after.Lines.All(line => line.IsBack);
        var discount = lines.Lines.IsEmpty ? given
            : command.Lines.IsEmpty ? lines.StandingMinorUnits
            : lines.StandingMinorUnits - after.StandingMinorUnits;
        var reopens = isWhole && !desk.Terms.ReversedStaysUsed && !desk.Coupon.IsTriggerReturned;
        var decision = Decision.With(new CouponReversal(
            command.RedemptionId, discount, desk.TillCurrency, reopens, desk.Now, isWhole));
        if (!back.IsEmpty) decision.Change(linesGrain, returned);
        if (isWhole && !lines.Lines.IsEmpty) decision.Change(linesGrain, new RedemptionClosed(desk.Now));
        return isWhole
            ? Reversed(desk, decision, command, reopens)
            : Reduced(desk, decision, given - after.StandingMinorUnits, given);
    }

    private static Decision Reversed(JointDesk desk, Decision decision, ReverseCouponRedemption command, bool reopens)
    {
        JointCouponFact fact = reopens
            ? new JointCouponReopened(command.RedemptionId, command.Reason, command.ReturnId) { At = desk.Now }
            : new JointCouponVoided(command.RedemptionId, command.Reason, command.ReturnId) { At = desk.Now };
        JointEntries.TakeBack(desk, new ReversalCleared(desk.Coupon.EndsOn, desk.Coupon.FaceInAccount, reopens)
        {
            ReservedMinorUnits = reopens ? desk.Coupon.ReservedMinorUnits : 0,
            WasUnconfirmed = !desk.Coupon.IsClawedBack && desk.Coupon.StandingAt(desk.Now) is null,
        });
        desk.Pen.Into(decision.Change(desk.CouponGrain, fact));
        return reopens && desk.Coupon.ExpiresAt > desk.Now ? Reopened(desk, decision) : decision;
    }

    /// <summary>
    /// The share of the credit that lay on the lines that are back: of all of them so far, rounded down, less what came back of
    /// the sale before. A sale that named the redemption tells its returns itself; what both tell counts once.
    /// </summary>
    private static Decision Reduced(JointDesk desk, Decision decision, long backMinorUnits, long givenMinorUnits)
    {
        var coupon = desk.Coupon;
        var due = JointSaleTurns.Due(coupon, backMinorUnits, givenMinorUnits, isWhole: false);
        if (coupon.IsClawedBack || due <= 0) return desk.Pen.Into(decision);

        // Without its sale in time nothing stands; a late one clears what is left.
        if (coupon.StandingAt(desk.Now) is not null)
        {
            JointEntries.TakeBack(desk, new SaleReturnCleared(backMinorUnits, givenMinorUnits), due);
        }

        return desk.Pen.Into(decision.Change(
            desk.CouponGrain, new JointCreditTakenBack(coupon.RedemptionId, due) { At = desk.Now }));
    }

    private static Decision Reopened(JointDesk desk, Decision decision) => JointNews.TellReceived(
        desk,
        decision.Change(
            desk.UseGrain, new JointUseReopened(desk.CouponId, desk.Coupon.ExpiresAt, desk.Code) { At = desk.Now }),
        desk.Coupon);
}
