using Retention.Kernel;
using Retention.Simulation.Runs;
using Retention.Simulation.Toy;

namespace Retention.Simulation.Checks;

/// <content>Redemptions line by line, and what they come to in the second currency: counted anew from the lines that stand.</content>
public sealed partial class Books
{
    private readonly Dictionary<PartitionId, long> rates = [];
    private readonly Dictionary<GrainId, Use> uses = [];
    private readonly Dictionary<GrainId, long> counters = [];

    private void EnterLines(GrainId grain, ToyFact fact)
    {
        switch (grain.Kind)
        {
            case ToyGrains.Rate:
                run.Coverage.SometimesIf(uses.Keys.Any(use => use.Partition == grain.Partition), "a rate comes after a redemption");
                rates[grain.Partition] = fact.At;
                break;
            case ToyGrains.Counter:
                counters[grain] = counters.GetValueOrDefault(grain) + fact.Amount;
                break;
            case ToyGrains.Use when fact.Verb == ToyVerb.Opened:
                Demand(fact.At == rates.GetValueOrDefault(grain.Partition), "RateOfTheRedemption", $"{grain} {fact}");
                uses[grain] = new Use(fact.Amount, fact.Amount * fact.At / 100);
                break;
            default:
                EnterLine(grain, fact);
                break;
        }
    }

    private void EnterLine(GrainId grain, ToyFact fact)
    {
        var use = uses[grain];
        var line = fact.Amount - 1 - use.Lines.Sum(back => back);
        Demand(line is 1 or 2 && use.Lines.Add(line), "LineOnce", $"{grain} {fact}");
        run.Coverage.Sometimes(use.Lines.Count == 1 ? "a line comes back" : "the last line comes back");
        var share = line == 1 ? use.Value / 3 : use.Value - (use.Value / 3);
        var tally = TallyOf(grain.Partition);
        tally.Redeemed -= share;
        tally.OwedToFirst -= grain.Key[0] == grain.Partition.OwnerId[0] ? -share : share;
    }

    /// <summary>What a reversal takes: all that no line took before.</summary>
    private long TakeRest(GrainId coupon, long value)
    {
        if (!uses.Remove(new GrainId(coupon.Partition, ToyGrains.Use, coupon.Key), out var use)) return value;
        return value - use.Back;
    }

    private void CloseCounter(PartitionId agreement)
    {
        var first = agreement.OwnerId[..1];
        var positions = counters.Where(entry => entry.Key.Partition == agreement).ToList();
        Demand(positions.Sum(entry => entry.Value) == 0, "CountersSumToZero", agreement);
        var owed = uses.Where(entry => entry.Key.Partition == agreement)
            .Sum(entry => entry.Key.Key[..1] == first ? -entry.Value.Standing : entry.Value.Standing);
        Demand(
            counters.GetValueOrDefault(new GrainId(agreement, ToyGrains.Counter, first)) == owed,
            "CountersAreWhatStands",
            $"{agreement} {owed}");
    }

    /// <param name="Counter">In the second currency.</param>
    private sealed record Use(long Value, long Counter)
    {
        /// <summary>1 and 2, those that are back.</summary>
        public HashSet<long> Lines { get; } = [];

        public long Back => (Lines.Contains(1) ? Value / 3 : 0) + (Lines.Contains(2) ? Value - (Value / 3) : 0);

        public long Standing => Counter - (Counter * Back / Value);
    }
}
