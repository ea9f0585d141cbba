using NodaTime;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>
/// A grain in memory. Its state may be ahead of the store by the commits under way; it is dropped, never repaired,
/// when one of them fails.
/// </summary>
internal sealed class Activation(GrainId id, IGrainKind kind)
{
    public GrainId Id { get; } = id;

    public IGrainKind Kind { get; } = kind;

    public object State { get; set; } = kind.Initial;

    public long Version { get; set; }

    public bool IsLoaded { get; set; }

    /// <summary>Out of memory: new turns load the grain again.</summary>
    public bool IsOut { get; set; }

    /// <summary>
    /// Where several nodes write the store: the newest state that the store is known to hold, from which a turn in conflict
    /// goes on. Null: none is known.
    /// </summary>
    public FoldedGrain? Durable { get; set; }

    /// <summary>Shows, or may show, what the store never took: whoever looked at it decides again.</summary>
    public bool IsDoubtful { get; set; }

    public long SnapshotVersion { get; set; }

    public bool SnapshotWhenLoaded { get; set; }

    /// <summary>Estimated.</summary>
    public int SizeBytes { get; set; }

    /// <summary>Of them, what has come since the state was measured.</summary>
    public int GrownBytes { get; set; }

    public Instant UsedAt { get; set; }

    /// <summary>The newest turn under way that wrote it.</summary>
    public PendingTurn? LastWriter { get; set; }

    public List<PendingTurn>? Waiters { get; set; }

    /// <summary>Turns that saw it and wait for other grains; put out of memory now, it would have to be loaded again.</summary>
    public int Pins { get; set; }

    public Activation? MoreRecent { get; set; }

    public Activation? LessRecent { get; set; }
}
