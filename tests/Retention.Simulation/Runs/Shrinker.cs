namespace Retention.Simulation.Runs;

/// <summary>Cuts a failing run down: which faults and how many of its operations does the failure need?</summary>
public static class Shrinker
{
    private const int MostRuns = 150;

    public static string Describe(RunResult failed)
    {
        var runs = 0;
        bool StillFails(IReadOnlySet<int> skip, IReadOnlySet<Fault> without) =>
            ++runs <= MostRuns && Runner.Run(failed.Seed, skip: skip, without: without).Broken?.Law == failed.Broken!.Law;

        HashSet<Fault> without = [];
        foreach (var fault in new Swarm(failed.Seed, Runner.Operations).Active)
        {
            if (StillFails(new HashSet<int>(), new HashSet<Fault>(without) { fault }))
            {
                without.Add(fault);
            }
        }

        HashSet<int> skip = [];
        for (var size = Runner.Operations / 2; size > 0 && runs < MostRuns; size /= 2)
        {
            for (var from = 0; from < Runner.Operations; from += size)
            {
                var tried = new HashSet<int>(skip);
                tried.UnionWith(Enumerable.Range(from, size));
                if (tried.Count > skip.Count && StillFails(tried, without))
                {
                    skip = tried;
                }
            }
        }

        var needed = new Swarm(failed.Seed, Runner.Operations, without).Active;
        return $"  needs {Runner.Operations - skip.Count} operations and: {string.Join(", ", needed)}\n"
            + $"  replay: dotnet run -c Release --project tests/Retention.Simulation -- run --seed {failed.Seed} --trace";
    }
}
