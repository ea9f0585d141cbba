using System.Diagnostics;
using Retention.Simulation.Cluster;

namespace Retention.Simulation.Runs;

/// <summary>Many seeds: what failed, what came about, how fast.</summary>
public sealed class Batch
{
    /// <summary>After so many seeds every rare state must have come about.</summary>
    public const int SeedsToReachAll = 3_000;

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private int count;
    private long steps;
    private long commits;

    public Coverage Coverage { get; } = new();

    public int Failed { get; private set; }

    public IReadOnlyList<string> Missed => [.. Coverage.Expected.Where(what => !Coverage.Counts.ContainsKey(what))];

    public string Rate =>
        $"{count / clock.Elapsed.TotalMinutes:N0} seeds a minute, {steps / Math.Max(1, count)} steps and "
        + $"{commits / Math.Max(1, count)} commits a seed, {Runner.Operations} operations each";

    /// <summary>Runs one seed; every hundredth twice, to see that it takes the same way. Null: all laws hold.</summary>
    public string? Add(ulong seed)
    {
        var result = Runner.Run(seed);
        count++;
        steps += result.Steps;
        commits += result.Commits;
        Coverage.Add(result.Coverage);
        var broken = result.Broken;
        if (broken is null && seed % 100 == 0 && Runner.Run(seed).TraceHash != result.TraceHash)
        {
            broken = new BrokenPromiseException("OneSeedOneRun", "the second run took another way");
        }

        if (broken is null)
        {
            return null;
        }

        Failed++;
        return $"seed {seed} breaks {broken.Message}\n{Shrinker.Describe(result)}";
    }
}
