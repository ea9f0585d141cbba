using NodaTime;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// What a stretch of the journal says, as far as the index does not say it yet. One generation grows with the commits;
/// the one before it, if any, is frozen and on its way into the index.
/// </summary>
internal sealed class Generation
{
    public Dictionary<GrainId, Head> Heads { get; private init; } = [];

    public Dictionary<UInt128, long> Keys { get; private init; } = [];

    public Dictionary<(GrainId Grain, string Name), Instant?> Reminders { get; } = [];

    public HashSet<Edge> Edges { get; } = [];

    /// <summary>Position of the newest commit in it.</summary>
    public long Through { get; set; }

    public int Commits { get; set; }

    public long Bytes { get; set; }

    public bool IsEmpty => Commits == 0;

    /// <summary>
    /// A generation in the room of this one, whose heads are still asked for, and of heads that are not any more: room
    /// for so many entries is large, and making it anew each time would keep the collector busy. To be cleared before
    /// use.
    /// </summary>
    public Generation Retire(Dictionary<GrainId, Head> unused) => new() { Heads = unused, Keys = Keys };

    public void Clear()
    {
        Heads.Clear();
        Keys.Clear();
    }
}
