using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>What can happen to a shard. It does nothing of its own accord.</summary>
public abstract record ShardInput;

/// <summary>A command arrived.</summary>
/// <param name="Ticket">Comes back with the answer; the core does not look at it.</param>
public sealed record Asked(object Ticket, Command Command) : ShardInput;

/// <summary>A grain was loaded and folded.</summary>
/// <param name="Position">A journal position that includes all that was loaded.</param>
public sealed record Loaded(GrainId Grain, FoldedGrain Folded, long Position) : ShardInput;

/// <summary>A grain could not be loaded now.</summary>
public sealed record LoadFailed(GrainId Grain) : ShardInput;

/// <summary>A key was looked up; null: no commit holds it.</summary>
public sealed record Looked(LedgerKey Key, JournalRecord? Record) : ShardInput;

/// <summary>A key could not be looked up now.</summary>
public sealed record LookFailed(LedgerKey Key) : ShardInput;

/// <summary>The batch under way was judged; one result per commit, in order.</summary>
public sealed record Judged(IReadOnlyList<CommitResult> Results) : ShardInput;

/// <summary>Nobody knows whether the batch under way was applied.</summary>
public sealed record JudgedUnknown : ShardInput;

/// <summary>An effect arrived from another partition; perhaps not for the first time, perhaps not in order.</summary>
public sealed record EffectArrived(SentEffect Effect) : ShardInput;

/// <summary>A reminder is due; perhaps not for the first time.</summary>
public sealed record ReminderFellDue(Reminder Reminder) : ShardInput;

/// <summary>The store would like snapshots of these grains.</summary>
public sealed record SnapshotsAsked(IReadOnlyList<GrainId> Grains) : ShardInput;

/// <summary>Effects have waited long enough for those before them: another node may have received these.</summary>
public sealed record MissingEffectsDue : ShardInput;

/// <summary>
/// Commits of other nodes, in the order of the journal; perhaps late, perhaps not all, perhaps own ones among them.
/// </summary>
public sealed record CommitsSeen(IReadOnlyList<JournalRecord> Records) : ShardInput;

/// <summary>Time went by.</summary>
public sealed record Ticked : ShardInput;

/// <summary>What a shard asks of its surroundings.</summary>
public interface IShardOutputs
{
    /// <param name="known">An earlier state of the grain: what has come since is enough. Null: all of it.</param>
    void Load(GrainId grain, FoldedGrain? known);

    void Look(LedgerKey key);

    /// <summary>False: no commit judged so far holds the key, so that it need not be looked up. Answered at once.</summary>
    bool MayHold(LedgerKey key);

    /// <summary>The next batch; never before the one given before is judged.</summary>
    void Commit(IReadOnlyList<Commit> batch);

    void Reply(object ticket, in Answer answer);

    /// <summary>A turn threw: an invariant is broken. The ticket is null for effects and reminders.</summary>
    void Fail(object? ticket, Exception cause);

    void Deliver(SentEffect effect);

    /// <summary>Keeps a durable state, to be encoded by <see cref="GrainKinds.Encode"/> on whatever thread has time.</summary>
    void Keep(KeptState state);
}

/// <summary>A state to be kept as a snapshot. States never change, so that it may be encoded later and elsewhere.</summary>
public sealed record KeptState(GrainId Grain, long Version, object State);
