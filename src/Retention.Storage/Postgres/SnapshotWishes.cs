using Retention.Kernel;

namespace Retention.Storage.Postgres;

/// <summary>
/// Grains whose tail has grown long. A wish arises whenever a version crosses a multiple of the limit, and when a load
/// finds a long tail, so that nothing need be kept of the others. Bounded; a wish that is lost comes again.
/// </summary>
internal sealed class SnapshotWishes(PostgresOptions options)
{
    private readonly Lock gate = new();
    private readonly Dictionary<GrainId, long> wishes = [];

    public void Note(GrainId grain, long before, long after)
    {
        if (before / options.FactsPerSnapshot != after / options.FactsPerSnapshot) Wish(grain, after);
    }

    public void NoteTail(GrainId grain, long snapshotVersion, long version)
    {
        if (version - snapshotVersion >= options.FactsPerSnapshot) Wish(grain, version);
    }

    public IReadOnlyList<GrainId> Wanted(int limit)
    {
        lock (gate)
        {
            return [.. wishes.Keys.Take(limit)];
        }
    }

    /// <summary>A snapshot was saved: the wish is met when few enough facts stand behind it.</summary>
    public void Met(GrainId grain, long version)
    {
        lock (gate)
        {
            if (wishes.TryGetValue(grain, out var wished) && wished - version < options.FactsPerSnapshot)
            {
                wishes.Remove(grain);
            }
        }
    }

    private void Wish(GrainId grain, long version)
    {
        lock (gate)
        {
            if (wishes.Count < options.SnapshotsWaiting || wishes.ContainsKey(grain)) wishes[grain] = version;
        }
    }
}
