using System.Globalization;

namespace Retention.Simulation.Runs;

/// <summary>The command line: run, gate, corpus.</summary>
public static class Commands
{
    private const string Usage = """
        run --seeds N [--from N]   runs that many seeds, from a fresh one if none is given
        run --seed N [--trace]     replays one seed, and tells all its events
        gate [--seeds N]           plants every bug and says which law found it, and at which seed
        corpus                     runs every seed that ever failed
        """;

    public static int Run(string[] args)
    {
        var options = Parse(args);
        switch (args.FirstOrDefault())
        {
            case "run" when options.TryGetValue("--seed", out var seed):
                return Replay(seed, options.ContainsKey("--trace"));
            case "run":
                var from = options.TryGetValue("--from", out var first) ? first : Fresh();
                return RunMany(Range(from, options.GetValueOrDefault("--seeds", 3_000ul)), mustCover: true);
            case "gate":
                return Gate.Run(options.GetValueOrDefault("--seeds", Gate.Seeds), Console.WriteLine) ? 0 : 1;
            case "corpus":
                return RunMany([.. Corpus.Read().Select(entry => entry.Seed)], mustCover: false);
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    /// <summary>Seeds that nobody has run: the day's and the time's digits.</summary>
    private static ulong Fresh() =>
        ulong.Parse(DateTime.UtcNow.ToString("yyMMddHHmmss", CultureInfo.InvariantCulture)) * 10_000;

    private static ulong[] Range(ulong from, ulong count) =>
        [.. Enumerable.Range(0, (int)count).Select(index => from + (ulong)index)];

    private static int Replay(ulong seed, bool isTraced)
    {
        var result = Runner.Run(seed, trace: isTraced ? Console.WriteLine : null);
        Console.WriteLine($"seed {seed}: {result.Steps} steps, {result.Commits} commits, trace {result.TraceHash:x16}");
        if (result.Broken is { } broken)
        {
            Console.WriteLine(broken.Message);
        }

        return Finish(1, result.Broken is null ? 0 : 1);
    }

    private static int RunMany(ulong[] seeds, bool mustCover)
    {
        var progress = new Progress(seeds.Length);
        var batch = new Batch();
        foreach (var seed in seeds)
        {
            if (batch.Add(seed) is { } broken)
            {
                progress.Clear();
                Console.WriteLine(broken);
            }

            progress.Step();
        }

        progress.Clear();
        if (mustCover)
        {
            Report(batch);
        }

        var missed = mustCover && seeds.Length >= Batch.SeedsToReachAll ? batch.Missed : [];
        foreach (var state in missed)
        {
            Console.WriteLine($"never came about: {state}");
        }

        return Finish(seeds.Length, batch.Failed + missed.Count);
    }

    private static void Report(Batch batch)
    {
        foreach (var (what, count) in batch.Coverage.Counts)
        {
            Console.WriteLine($"{count,10:N0}  {what}");
        }

        Console.WriteLine(batch.Rate);
    }

    private static int Finish(int count, int failed)
    {
        Console.WriteLine($"{Math.Max(0, count - failed)} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }

    private static Dictionary<string, ulong> Parse(string[] args)
    {
        var options = new Dictionary<string, ulong>(StringComparer.Ordinal);
        for (var index = 1; index < args.Length; index++)
        {
            var hasValue = index + 1 < args.Length && ulong.TryParse(args[index + 1], out _);
            options[args[index]] = hasValue ? ulong.Parse(args[++index]) : 0;
        }

        return options;
    }
}
