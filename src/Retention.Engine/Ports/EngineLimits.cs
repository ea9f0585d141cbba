using NodaTime;

namespace Retention.Engine.Ports;

/// <summary>Every bound of the engine. Each has a default and is a setting.</summary>
public sealed record EngineLimits
{
    /// <summary>Turns of one shard that are not answered yet; more are refused as OVERLOADED.</summary>
    public int MaxTurns { get; init; } = 20_000;

    /// <summary>Grains of one shard in memory; the least recently used leave first.</summary>
    public int MaxActive { get; init; } = 1_000_000;

    /// <summary>Estimated bytes of the states of one shard in memory.</summary>
    public long MaxActiveBytes { get; init; } = 1L << 30;

    /// <summary>A grain not used for so long leaves memory.</summary>
    public Duration IdleAfter { get; init; } = Duration.FromMinutes(10);

    /// <summary>Grains that one tick may put out of memory.</summary>
    public int MaxDeactivationsPerTick { get; init; } = 2_000;

    /// <summary>
    /// A grain that leaves memory is kept as a snapshot when so many facts stand behind its last one. Fewer are read
    /// again one by one, which costs less than to write a page at random for them.
    /// </summary>
    public int FactsPerIdleSnapshot { get; init; } = 8;

    /// <summary>How often a turn is decided again after a conflict or an unknown outcome.</summary>
    public int MaxAttempts { get; init; } = 50;

    /// <summary>How long other nodes' turns at what a turn writes may keep it waiting before that counts as a conflict.</summary>
    public Duration MaxHeldFor { get; init; } = Duration.FromSeconds(10);

    /// <summary>Effects of one edge that wait for an earlier one; more are dropped and delivered again later.</summary>
    public int MaxWaitingPerEdge { get; init; } = 10_000;

    /// <summary>Commits in one storage transaction.</summary>
    public int MaxBatch { get; init; } = 1_024;

    /// <summary>
    /// Several nodes write the store, or it is a server of its own, which may apply a batch after its writer gave it up:
    /// a read then asks the store whether the versions it saw are the newest.
    /// </summary>
    public bool SharedStore { get; init; }
}
