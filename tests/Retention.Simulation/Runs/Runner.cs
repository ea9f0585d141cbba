using Retention.Simulation.Cluster;

namespace Retention.Simulation.Runs;

/// <summary>How one run ended.</summary>
public sealed record RunResult(ulong Seed, BrokenPromiseException? Broken, ulong TraceHash, long Steps, long Commits, Coverage Coverage);

/// <summary>Runs seeds.</summary>
public static class Runner
{
    public const int Operations = 150;

    public static RunResult Run(
        ulong seed, PlantedBug bug = PlantedBug.None, IReadOnlySet<int>? skip = null, IReadOnlySet<Fault>? without = null,
        Action<string>? trace = null)
    {
        var run = new Run(new Swarm(seed, Operations, without), bug, skip, trace);
        BrokenPromiseException? broken = null;
        try
        {
            run.Execute();
        }
        catch (BrokenPromiseException promise)
        {
            broken = promise;
        }
        catch (Exception cause) when (cause is not OutOfMemoryException)
        {
            // The core must not throw, whatever it is told.
            broken = new BrokenPromiseException("NothingThrows", cause.ToString());
        }

        return new RunResult(seed, broken, run.TraceHash, run.Steps, run.Store.Head, run.Coverage);
    }
}
