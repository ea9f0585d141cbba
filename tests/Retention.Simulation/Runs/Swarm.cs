using NodaTime;
using Retention.Engine.Ports;

namespace Retention.Simulation.Runs;

/// <summary>What may go wrong. Rates are per mille of the occasions, unless said otherwise.</summary>
public enum Fault
{
    BatchNeverArrives,
    AcknowledgementLost,
    Zombie,
    CrashBeforeCommit,
    CrashAfterCommit,
    Conflict,
    SlowStore,
    FullStore,
    LoadFailed,
    LookFailed,
    RequestLost,
    ReplyLost,
    EffectLost,
    EffectDuplicated,
    EffectLate,
    NodeCrash,
    DuplicateRequest,
    LateCopy,
    OtherContent,
    Seal,
    ClockSkew,
    ClockJump,
    TinyMemory,
    Overload,
    SmallBatch,
    SnapshotsOften,
    ShortEdges,
    FewAttempts,
    NewsLost,
    NewsLate,
    StaleUntold,
}

/// <summary>One run's features and faults: a seed switches off a random half of them and draws how often the rest occur.</summary>
public sealed class Swarm
{
    private readonly int[] rates = new int[Enum.GetValues<Fault>().Length];

    public Swarm(ulong seed, int operations, IReadOnlySet<Fault>? without = null)
    {
        var rng = new Rng(seed, "swarm");
        Seed = seed;
        Operations = operations;
        Nodes = rng.Pick([1, 1, 2, 2, 3]);
        SharedStore = Nodes > 1 || rng.Chance(300);
        Clients = rng.Between(2, 8);
        var crowd = new Rng(seed, "crowd");
        if (crowd.Chance(400))
        {
            Clients = crowd.Between(8, 24);
            ThinkingTime = 300;
        }

        ReadBack = crowd.Chance(400) ? 500 : 0;
        // None of the corpus: its seeds stay the runs they were.
        HasLines = seed % 4 == 0;
        Tenants = rng.Between(2, 3);
        Purses = rng.Between(2, 4);
        HotPurse = rng.Chance(400);
        foreach (var fault in Enum.GetValues<Fault>())
        {
            var rate = rng.Chance(500) ? rng.Pick([10, 30, 80, 200]) : 0;
            rates[(int)fault] = without?.Contains(fault) == true ? 0 : rate;
        }

        Limits = new EngineLimits
        {
            FactsPerIdleSnapshot = 1,
            SharedStore = SharedStore,
            MaxActive = this[Fault.TinyMemory] > 0 ? rng.Between(1, 8) : 1_000,
            IdleAfter = Duration.FromMilliseconds(this[Fault.TinyMemory] > 0 ? rng.Between(1, 200) : 60_000),
            MaxTurns = this[Fault.Overload] > 0 ? rng.Between(2, 6) : 1_000,
            MaxBatch = this[Fault.SmallBatch] > 0 ? rng.Between(1, 4) : 1_000,
            MaxWaitingPerEdge = this[Fault.ShortEdges] > 0 ? rng.Between(1, 3) : 1_000,
            MaxAttempts = this[Fault.FewAttempts] > 0 ? rng.Between(2, 4) : 50,
            MaxHeldFor = Duration.FromMilliseconds(this[Fault.FewAttempts] > 0 ? rng.Between(0, 100) : 10_000),
        };
    }

    public ulong Seed { get; }

    public int Operations { get; }

    public int Nodes { get; }

    /// <summary>The store is a server of its own: it outlives its writers, so their batches may be applied late.</summary>
    public bool SharedStore { get; }

    public int Clients { get; }

    /// <summary>Microseconds, at most, between a client's operations.</summary>
    public int ThinkingTime { get; } = 6_000;

    /// <summary>How often, per mille, a client reads at once what it has just changed.</summary>
    public int ReadBack { get; }

    /// <summary>Redemptions have lines that come back one by one, and clear in a second currency, too.</summary>
    public bool HasLines { get; }

    public int Tenants { get; }

    public int Purses { get; }

    public bool HotPurse { get; }

    public EngineLimits Limits { get; }

    public int this[Fault fault] => rates[(int)fault];

    public IEnumerable<Fault> Active => Enum.GetValues<Fault>().Where(fault => this[fault] > 0);
}
