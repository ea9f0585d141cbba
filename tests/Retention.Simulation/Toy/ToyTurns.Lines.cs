using Retention.Kernel;
using Retention.Simulation.Runs;

namespace Retention.Simulation.Toy;

/// <content>Redemptions of two lines that come back one by one, and clear in a second currency at the rate of the redemption.</content>
public sealed partial class ToyTurns
{
    /// <summary>Status of a use: 1, and 1 more for the first line back, 2 more for the second.</summary>
    public const int AllBack = 4;

    private void OpenLines(Draft draft, Operation operation, long value)
    {
        var rate = draft.See(ToyGrains.RateOf(operation.Partition)).At;
        draft.Put(UseOf(operation), ToyVerb.Opened, value, rate);
        PostCounter(draft, operation, Converted(value, rate));
    }

    private Decision ReverseLine(Attempt attempt, Draft draft)
    {
        var (operation, line) = (attempt.Operation, 1 << (int)(attempt.Operation.Amount % 2));
        var (coupon, use) = (draft.See(operation.First), draft.See(UseOf(operation)));
        if (coupon.Status != CouponStatus.Redeemed)
        {
            return draft.Refuse(RefusalReason.RedemptionAlreadyReversed);
        }

        var isBack = ((use.Status - 1) & line) != 0;
        if (isBack && bug != PlantedBug.LineTwice)
        {
            return draft.Refuse(RefusalReason.ReturnExceedsPurchase);
        }

        var after = ((use.Status - 1) | (long)line) + 1;
        var share = line == 1 ? use.Amount / 3 : use.Amount - (use.Amount / 3);
        draft.Put(UseOf(operation), ToyVerb.Moved, after);
        if (after == AllBack)
        {
            draft.Put(operation.First, ToyVerb.Moved, CouponStatus.Reversed);
        }

        Post(draft, operation, -share);
        PostCounter(draft, operation, CounterStanding(draft, operation, use, after) - CounterStanding(draft, operation, use, use.Status));
        draft.Send(PartitionId.Tenant(operation.Sale[..1]), Released, $"{share}");
        return draft.Reply();
    }

    /// <summary>What is left of the redemption, which its reversal as a whole takes.</summary>
    private long TakeRest(Draft draft, Operation operation)
    {
        var use = draft.See(UseOf(operation));
        PostCounter(draft, operation, -CounterStanding(draft, operation, use, use.Status));
        return use.Amount - BackOf(use, use.Status);
    }

    private static Decision SetRate(Attempt attempt, Draft draft)
    {
        draft.Put(attempt.Operation.First, ToyVerb.Extended, 0, attempt.Amount);
        return draft.Reply();
    }

    // By the share of the value that stands, rounded up: with the last line all of it is back.
    private long CounterStanding(Draft draft, Operation operation, ToyState use, long status)
    {
        var rate = bug == PlantedBug.LineAtOtherRate ? draft.See(ToyGrains.RateOf(operation.Partition)).At : use.At;
        var counter = Converted(use.Amount, rate);
        return use.Amount == 0 ? 0 : counter - (counter * BackOf(use, status) / use.Amount);
    }

    private static long BackOf(ToyState use, long status) => status switch
    {
        1 => 0,
        2 => use.Amount / 3,
        3 => use.Amount - (use.Amount / 3),
        _ => use.Amount,
    };

    private static long Converted(long value, long rate) => value * rate / 100;

    private void PostCounter(Draft draft, Operation operation, long value)
    {
        var (agreement, issuer) = (operation.Partition, operation.Sale[..1]);
        draft.Put(new GrainId(agreement, ToyGrains.Counter, ToyGrains.Partner(agreement, issuer)), ToyVerb.Added, value);
        if (bug != PlantedBug.OneSidedCounter)
        {
            draft.Put(new GrainId(agreement, ToyGrains.Counter, issuer), ToyVerb.Added, -value);
        }
    }

    private static GrainId UseOf(Operation operation) => new(operation.Partition, ToyGrains.Use, operation.Sale);
}
