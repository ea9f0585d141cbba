namespace Retention.Simulation.Runs;

/// <summary>Proves the simulation itself: every planted bug must be found.</summary>
public static class Gate
{
    public const ulong Seeds = 200;

    public static IEnumerable<PlantedBug> Bugs => Enum.GetValues<PlantedBug>().Where(bug => bug != PlantedBug.None);

    /// <summary>The first seed, from 1, that finds the bug, and the law that it breaks; null if none does.</summary>
    public static RunResult? Find(PlantedBug bug, ulong seeds)
    {
        for (var seed = 1ul; seed <= seeds; seed++)
        {
            var result = Runner.Run(seed, bug);
            if (result.Broken is not null)
            {
                return result;
            }
        }

        return null;
    }

    public static bool Run(ulong seeds, Action<string> tell)
    {
        var missed = 0;
        foreach (var bug in Bugs)
        {
            var found = 0;
            RunResult? first = null;
            var laws = new SortedDictionary<string, int>(StringComparer.Ordinal);
            for (var seed = 1ul; seed <= seeds; seed++)
            {
                var result = Runner.Run(seed, bug);
                if (result.Broken is { } broken)
                {
                    first ??= result;
                    found++;
                    laws[broken.Law] = laws.GetValueOrDefault(broken.Law) + 1;
                }
            }

            missed += first is null ? 1 : 0;
            var which = string.Join(", ", laws.OrderByDescending(law => law.Value).Select(law => $"{law.Key} {law.Value}"));
            tell($"{bug,-22} {found,3}/{seeds} first {first?.Seed,3} {first?.Broken!.Law,-26} {which}");
        }

        tell($"{Bugs.Count() - missed} passed, {missed} failed");
        return missed == 0;
    }
}
