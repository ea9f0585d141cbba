using NodaTime;
using Retention.Domain.Coupons;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>
/// Keeping a joint coupon for an order of the redeeming brand that is not paid yet. It moves no money; it ends with its
/// time by itself, and never outlasts the coupon. A return of the purchase that gave the coupon voids it all the same.
/// </summary>
public static class JointReservationTurns
{
    public static Decision Reserve(ITurn turn, Asker asker, string agreementId, ReserveCoupon command)
    {
        var till = command.Till;
        var desk = JointCouponTurns.Opened(turn, asker, agreementId, till.Code);
        if (!turn.IsComplete) return Decision.Silent();
        if (JointCouponTurns.Fault(desk, asker, till) is { } fault) return fault;
        if (command.Ttl < ReserveCoupon.TtlMin || command.Ttl > ReserveCoupon.TtlMax)
        {
            return AgreementRules.Invalid("ttl", "1_second_to_7_days");
        }

        var failing = JointCouponTurns.Failing(desk, asker, agreementId, till, desk.Now);
        if (failing.Any) return failing.First();

        var until = Instant.Min(desk.Now + command.Ttl, desk.Coupon.ExpiresAt);
        return desk.Pen.Into(Decision
            .With(new CouponReservation(
                command.ReservationId,
                desk.CouponId,
                desk.FoundLeg.LegId,
                JointCouponTurns.Discount(desk, till),
                desk.TillCurrency,
                until))
            .Change(desk.CouponGrain, new JointCouponReserved(command.ReservationId, until) { At = desk.Now }));
    }

    /// <summary>A reservation that is over, released or used already is left as it is.</summary>
    public static Decision Release(ITurn turn, Asker asker, string agreementId, string reservationId)
    {
        var unknown = Because(RefusalReason.ReservationNotFound, ("reservation_id", reservationId));
        if (ReservationId.Key(reservationId) is not { } key) return unknown;
        if (Find(turn, agreementId, key) is not { } reserved) return turn.IsComplete ? unknown : Decision.Silent();

        var desk = JointDesk.OfCode(turn, agreementId, reserved.Grain.Key, asker.Now);
        if (!turn.IsComplete) return Decision.Silent();
        if (!JointCouponTurns.IsRedeemers(desk, asker)) return unknown;

        var isOpen = desk.Coupon.IsReservedAt(desk.Now) && desk.Coupon.Reservation == reservationId;
        var decision = Decision.With(new CouponRelease(reservationId, isOpen, desk.Now));
        return isOpen
            ? desk.Pen.Into(decision.Change(desk.CouponGrain, new JointCouponReleased(reservationId) { At = desk.Now }))
            : decision;
    }

    /// <summary>The reservation that a redemption may use up: the one it names, else the one of its order. Empty: none.</summary>
    internal static string OwnOf(ITurn turn, string agreementId, RedeemCoupon command)
    {
        if (command.ReservationId.Length > 0) return command.ReservationId;
        return command.OrderReservation is { } key && Find(turn, agreementId, key) is { } reserved
            ? reserved.Fact.Reservation
            : "";
    }

    private static (GrainId Grain, JointCouponReserved Fact)? Find(ITurn turn, string agreementId, LedgerKey key)
    {
        foreach (var (grain, fact) in turn.Recorded(key) ?? [])
        {
            if (fact is JointCouponReserved reserved && grain.Partition == PartitionId.Agreement(agreementId))
            {
                return (grain, reserved);
            }
        }

        return null;
    }
}
