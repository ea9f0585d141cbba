namespace Retention.Simulation.Runs;

/// <summary>Every seed that ever failed, and why: one a line, the seed first. It lies beside the program.</summary>
public static class Corpus
{
    public static IReadOnlyList<(ulong Seed, string Why)> Read() =>
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "corpus.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(' ', 2))
            .Select(parts => (ulong.Parse(parts[0]), parts.Length > 1 ? parts[1] : "")),
    ];
}
