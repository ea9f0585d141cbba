using System.Text;
using NodaTime;
using Retention.Kernel;
using Retention.Simulation.Runs;

namespace Retention.Simulation.Toy;

/// <content>What effects and reminders do.</content>
public sealed partial class ToyTurns : IEffectTurns
{
    public const string Issue = "issue";
    public const string Void = "void";
    public const string Released = "released";
    public const string Credit = "credit";
    public const string Expiry = "expiry";

    /// <summary>How long a coupon is good for after its issue, by the agreement's clock.</summary>
    public const long GoodFor = 600;

    private const long AskAgainAfter = 700;
    private static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 0, 0);

    /// <summary>Milliseconds since the start of every run as a moment.</summary>
    public static Instant At(long milliseconds) => Start + Duration.FromMilliseconds(milliseconds);

    public Decision Decide(ITurn turn, PartitionId from, PartitionId to, string name, ReadOnlyMemory<byte> payload)
    {
        var draft = new Draft(turn, "effect");
        var parts = Encoding.UTF8.GetString(payload.Span).Split('|');
        switch (name)
        {
            case Issue:
                return IssueCoupon(draft, from, to, parts);
            case Void:
                return VoidCoupon(draft, from, to, parts[0]);
            case Released:
                var times = bug == PlantedBug.ReleaseAddedTwice ? 2 : 1;
                draft.Put(new GrainId(to, ToyGrains.Reserve, from.OwnerId), ToyVerb.Added, times * long.Parse(parts[0]));
                return draft.Decision;
            default:
                var doubled = bug == PlantedBug.CreditAddedTwice ? 2 : 1;
                draft.Put(ToyGrains.TillOf(to), ToyVerb.Added, doubled * long.Parse(parts[0]));
                return draft.Decision;
        }
    }

    private Decision IssueCoupon(Draft draft, PartitionId from, PartitionId to, string[] parts)
    {
        var (coupon, value, customer) = (new GrainId(to, ToyGrains.Coupon, parts[0]), long.Parse(parts[1]), parts[2][1..]);
        var joint = new GrainId(to, ToyGrains.Offer, "joint");
        var limit = bug == PlantedBug.JointLimitOneMore ? ToyGrains.JointLimit + 1 : ToyGrains.JointLimit;
        var count = CountOf(joint, draft.See(joint), PlantedBug.JointLimitBeforeCommit);
        if (draft.See(coupon).Status != 0 || count >= limit)
        {
            draft.Send(from, Released, parts[1]);
            return draft.Decision;
        }

        var until = draft.See(ToyGrains.ClockOf(to)).At + GoodFor;
        draft.Put(coupon, ToyVerb.Opened, value, until, customer);
        draft.Put(joint, ToyVerb.Counted, value);
        draft.Put(new GrainId(to, ToyGrains.Reserve, from.OwnerId), ToyVerb.Added, value);
        draft.Decision.Remind(coupon, Expiry, At(until));
        return draft.Decision;
    }

    private Decision VoidCoupon(Draft draft, PartitionId from, PartitionId to, string sale)
    {
        var coupon = new GrainId(to, ToyGrains.Coupon, sale);
        var isUsed = draft.See(coupon).Status == CouponStatus.Redeemed && bug == PlantedBug.VoidAfterRedemption;
        if (draft.See(coupon).Status != CouponStatus.Open && !isUsed)
        {
            return Refusal.Because(RefusalReason.CouponNotFound);
        }

        return Close(draft, coupon, from, CouponStatus.Voided);
    }

    private Decision Close(Draft draft, GrainId coupon, PartitionId issuer, long status)
    {
        var value = draft.See(coupon).Amount;
        draft.Put(coupon, ToyVerb.Moved, status);
        draft.Put(new GrainId(coupon.Partition, ToyGrains.Reserve, issuer.OwnerId), ToyVerb.Added, -value);
        if (bug == PlantedBug.ReserveFreedTwice)
        {
            draft.Put(new GrainId(coupon.Partition, ToyGrains.Reserve, issuer.OwnerId), ToyVerb.Added, -value);
        }

        draft.Send(issuer, Released, $"{value}");
        draft.Decision.Remind(coupon, Expiry, null);
        return draft.Decision;
    }

    /// <summary>A node's clock woke the coupon; the agreement's clock says whether it is over. If not, it is woken later.</summary>
    private Decision Expire(ITurn turn, GrainId grain, Instant dueAt)
    {
        var draft = new Draft(turn, "expiry");
        var coupon = draft.See(grain);
        if (coupon.Status != CouponStatus.Open)
        {
            return draft.Decision;
        }

        return IsOver(draft, coupon, grain.Partition)
            ? Close(draft, grain, PartitionId.Tenant(grain.Key[..1]), CouponStatus.Expired)
            : draft.Decision.Remind(grain, Expiry, turn.Time + Duration.FromMilliseconds(AskAgainAfter));
    }

    private bool IsOver(Draft draft, ToyState coupon, PartitionId agreement) => bug == PlantedBug.ExpiryByNodeClock
        ? draft.Turn.Time >= At(coupon.At)
        : draft.See(ToyGrains.ClockOf(agreement)).At >= coupon.At;
}
