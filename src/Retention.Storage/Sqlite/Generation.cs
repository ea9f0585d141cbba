using NodaTime;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// What a stretch of the journal says, as far as the index does not say it yet. One generation grows with the commits;
/// the one before it, if any, is frozen and on its way into the index.
/// </summary>
internal sealed class Generation
{
    public Dictionary<GrainId, Head> Heads { get; } = [];

    public Dictionary<UInt128, long> Keys { get; } = [];

    public Dictionary<(GrainId Grain, string Name), Instant?> Reminders { get; } = [];

    public HashSet<Edge> Edges { get; } = [];

    /// <summary>Position of the newest commit in it.</summary>
    public long Through { get; set; }

    public int Commits { get; set; }

    public long Bytes { get; set; }

    public bool IsEmpty => Commits == 0;
}
