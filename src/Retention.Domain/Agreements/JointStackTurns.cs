using NodaTime;
using Retention.Domain.Coupons;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>What a stacked order that holds a joint coupon came to, as far as it is known.</summary>
public enum StackStanding
{
    /// <summary>None holds it, or one that is over.</summary>
    None,

    /// <summary>The order may still take it.</summary>
    Open,

    /// <summary>The chain has decided for it; its word is under way.</summary>
    Decided,
}

/// <summary>Keeping a joint coupon for an order that combines it with other codes.</summary>
/// <param name="Till">With the one code.</param>
/// <param name="Order">Of the order, by a name that the tenant alone can make: what it holds does not stand against it.</param>
/// <param name="RedemptionId">What the redemption is called, unless the order holds the coupon already.</param>
public sealed record HoldJointCoupon(RedeemCoupon Till, string Order, string RedemptionId);

/// <summary>A joint coupon that is held for a stacked order, and what it gives alone on the basket.</summary>
/// <param name="Until">Exclusive: the chain decides before.</param>
/// <param name="ExpiresAt">The coupon's own end, exclusive.</param>
public sealed record HeldJointCoupon(
    string AgreementId,
    string RedemptionId,
    string CouponId,
    string LegId,
    long DiscountMinorUnits,
    Instant Until,
    Instant ExpiresAt);

/// <summary>
/// A joint coupon among several codes of one order. The agreement holds it, the redeeming chain decides over all codes in
/// one commit of its own, and that word takes the coupon here. Nobody else gets it in between: the commit takes a key
/// that is named after the hold, and who finds a hold that is over asks for that key.
/// </summary>
public static class JointStackTurns
{
    /// <summary>How long a coupon is held.</summary>
    public static readonly Duration HoldFor = Duration.FromMinutes(10);

    /// <summary>The chain decides only while so much of that is left: a commit that was decided in time is done in time.</summary>
    public static readonly Duration LeftToDecide = Duration.FromMinutes(5);

    /// <summary>The key of the commit that decided for a held coupon. Whoever gives the order up takes it, too.</summary>
    public static LedgerKey Outcome(string redemptionId) => LedgerKey.Of("stacked joint coupon", redemptionId);

    public static Decision Hold(ITurn turn, Asker asker, string agreementId, HoldJointCoupon command)
    {
        var till = command.Till;
        var desk = JointCouponTurns.Opened(turn, asker, agreementId, till.Code);
        var held = desk.Coupon.Hold is { } hold && hold.Order == command.Order ? hold : null;
        var outcome = held is null ? null : turn.Recorded(Outcome(held.Redemption));
        var reserved = desk.Coupon.IsReservedAt(desk.Now) ? JointReservationTurns.OwnOf(turn, agreementId, till) : "";
        if (!turn.IsComplete) return Decision.Silent();
        if (JointCouponTurns.Fault(desk, asker, till) is { } fault) return fault;
        if (outcome is { Count: > 0 }) return Because(RefusalReason.AlreadyRedeemed);

        var failing = JointCouponTurns.Failing(
            desk, asker, agreementId, till, desk.Now, reserved, held?.Redemption ?? "");
        if (failing.Any) return failing.First();

        // What was given up under a name stays given up.
        var name = held is null || outcome is not null ? command.RedemptionId : held.Redemption;
        var until = asker.Now + HoldFor;
        return desk.Pen.Into(Decision
            .With(new HeldJointCoupon(
                agreementId,
                name,
                desk.CouponId,
                desk.FoundLeg.LegId,
                JointCouponTurns.Discount(desk, till),
                until,
                desk.Coupon.ExpiresAt))
            .Change(desk.CouponGrain, new JointStackHeld(name, command.Order, until, desk.Rate) { At = desk.Now }));
    }

    /// <summary>The order was given up: its key of the outcome is taken, so that no chain can decide for it any more.</summary>
    public static Decision Release(ITurn turn, Asker asker, string agreementId, string redemptionId)
    {
        if (Find(turn, PartitionId.Agreement(agreementId), redemptionId) is not { } grain) return Decision.Silent();

        var desk = JointDesk.OfCode(turn, agreementId, grain.Key, asker.Now);
        var outcome = turn.Recorded(Outcome(redemptionId));
        if (!turn.IsComplete || outcome is not { Count: 0 } || !IsHeldFor(desk, redemptionId)) return Decision.Silent();

        // The purchase that gave the coupon came back meanwhile.
        var decision = desk.Coupon.IsTriggerReturned && desk.Coupon.ExpiresAt > desk.Now
            ? JointIssueTurns.VoidOpen(desk)
            : desk.Pen.Into(Decision.Silent());
        return decision.Change(desk.CouponGrain, new JointStackReleased(redemptionId) { At = desk.Now });
    }

    /// <summary>The chain's word arrives: the coupon is redeemed at its part, whatever happened to it since it was held. Once.</summary>
    public static Decision Decided(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload) =>
        Decided(turn, from, to, JointMessages.Read(payload, JointMessagesJson.Default.StackDecided));

    public static Decision Decided(ITurn turn, PartitionId from, PartitionId to, StackDecided message)
    {
        var unknown = Because(RefusalReason.RedemptionNotFound, ("redemption_id", message.Redemption));
        if (Find(turn, to, message.Redemption) is not { } grain) return turn.IsComplete ? unknown : Decision.Silent();

        var desk = JointDesk.OfCode(turn, to.OwnerId, grain.Key, message.At);
        if (!turn.IsComplete) return Decision.Silent();
        if (PartitionId.Tenant(desk.FoundLeg.Redeeming.TenantId) != from) return unknown;
        if (desk.IsClosed || !IsHeldFor(desk, message.Redemption)) return Decision.Silent();

        return JointCouponTurns.Redeemed(
            desk with { HeldRate = desk.Coupon.Hold!.Rate },
            to.OwnerId,
            message.Redemption,
            message.DiscountMinorUnits,
            message.Lines.IsDefault ? [] : message.Lines,
            message.EntityId);
    }

    /// <summary>The key is asked only where a hold is over by time.</summary>
    internal static StackStanding StandingOf(ITurn turn, JointCouponState coupon, Instant asked)
    {
        if (coupon is not { Hold: { } hold, Status: JointCouponStatus.Open }) return StackStanding.None;
        if (asked < hold.Until) return StackStanding.Open;
        return turn.Recorded(Outcome(hold.Redemption)) is { Count: > 0 } ? StackStanding.Decided : StackStanding.None;
    }

    private static bool IsHeldFor(JointDesk desk, string redemptionId) =>
        desk.Coupon is { Status: JointCouponStatus.Open, Hold: { } hold } && hold.Redemption == redemptionId;

    private static GrainId? Find(ITurn turn, PartitionId agreement, string redemptionId) =>
        RedemptionId.Key(redemptionId) is { } key ? JointDesk.Redeemed(turn.Recorded(key), agreement)?.Grain : null;
}
