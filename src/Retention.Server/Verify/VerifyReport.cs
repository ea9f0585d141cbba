namespace Retention.Server.Verify;

/// <param name="Grains">Grains of the domain; the counters of effects are not among them.</param>
/// <param name="Events">Their facts.</param>
/// <param name="PendingEffects">Sent and not yet received: no difference, the next start delivers them.</param>
/// <param name="Differences">How many there are; the list holds the first of them.</param>
public sealed record VerifyReport(
    long Grains, long Events, long PendingEffects, long Differences, IReadOnlyList<Difference> Listed)
{
    public string Summary => $"{Grains} grains, {Events} events, {Differences} differences";
}

/// <summary>Collects differences from several threads: counts all of them, keeps the first.</summary>
internal sealed class DifferenceList
{
    private const int ListedMax = 1_000;
    private readonly Lock gate = new();
    private readonly List<Difference> listed = [];
    private readonly HashSet<Difference> seen = [];

    public long Count { get; private set; }

    public IReadOnlyList<Difference> Listed => listed;

    public void Add(Difference difference)
    {
        lock (gate)
        {
            if (seen.Count < ListedMax && !seen.Add(difference)) return;
            Count++;
            if (listed.Count < ListedMax) listed.Add(difference);
        }
    }

    public void AddAll(IEnumerable<Difference> differences)
    {
        foreach (var difference in differences)
        {
            Add(difference);
        }
    }
}
