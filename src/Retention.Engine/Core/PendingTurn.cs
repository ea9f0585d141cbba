using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>One turn from its arrival to its answer; it may be decided several times in between.</summary>
internal sealed class PendingTurn
{
    private CommandKey[]? keys;

    public required PartitionId Partition { get; init; }

    public required Instant ArrivedAt
    {
        get;
        init => DecidedAt = field = value;
    }

    /// <summary>The turn's own time: its arrival, but not before a turn that was decided earlier.</summary>
    public Instant DecidedAt { get; set; }

    public object? Ticket { get; init; }

    public Command? Command { get; init; }

    public SentEffect? Effect { get; init; }

    public Reminder? Reminder { get; init; }

    public int Attempts { get; set; }

    /// <summary>Loads and look-ups that must come back before the turn is decided.</summary>
    public int Awaiting { get; set; }

    public bool HoldsKeys { get; set; }

    public bool MayBeKnown { get; set; }

    public bool IsFinished { get; set; }

    /// <summary>Keeps the grains it touched in memory while it waits for others.</summary>
    public bool IsPinning { get; set; }

    /// <summary>Something it waits for failed: it is put aside when the rest has come back.</summary>
    public bool IsToPark { get; set; }

    /// <summary>Refused, and about to learn whether another node has taken its keys meanwhile.</summary>
    public bool IsConfirming { get; set; }

    /// <summary>One of its commits may have been applied, or may still be.</summary>
    public bool IsInDoubt { get; set; }

    /// <summary>Decided, and waiting for the store or for a turn whose state it shows.</summary>
    public bool IsDecided { get; set; }

    /// <summary>Its commit only adds keys to an earlier reply.</summary>
    public bool IsRepeat { get; set; }

    public Commit? Commit { get; set; }

    public bool IsCheckOnly { get; set; }

    /// <summary>Where several nodes write the store: what each write of the commit made of its grain.</summary>
    public object[]? Written { get; set; }

    /// <summary>Keys looked up for this turn; null: nothing is recorded under it.</summary>
    public Dictionary<LedgerKey, JournalRecord?>? Lookups { get; set; }

    /// <summary>Grains that the last decision saw or changed.</summary>
    public List<Activation> Touched { get; } = new(4);

    public long Sequence { get; set; }

    public object? Shaped { get; set; }

    public Refusal? Refusal { get; set; }

    /// <summary>Thrown over states that may be of different moments; it counts when they are found to be the newest.</summary>
    public Exception? Cause { get; set; }

    public List<SentEffect>? Effects { get; set; }

    /// <summary>Turns whose answers show what this one wrote.</summary>
    public List<PendingTurn>? Held { get; set; }

    /// <summary>Turns that name the same key and wait for this one's outcome.</summary>
    public List<PendingTurn>? Followers { get; set; }

    /// <summary>States at the version of this turn, to be kept when it is durable.</summary>
    public List<KeptState>? Snapshots { get; set; }

    /// <summary>As an array: they are walked several times in every turn.</summary>
    public CommandKey[] Keys => keys ??= Command?.Keys as CommandKey[] ?? [.. Command?.Keys ?? []];

    public void Reset()
    {
        IsDecided = false;
        Commit = null;
        Written = null;
        Touched.Clear();
        Shaped = null;
        Refusal = null;
        Cause = null;
        Effects = null;
        Snapshots = null;
        IsCheckOnly = false;
        IsRepeat = false;
    }
}
