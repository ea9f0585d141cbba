using NodaTime;
using Retention.Kernel;

namespace Retention.Engine.Ports;

/// <summary>What the store holds of one grain: a snapshot (empty if none) and the facts after it, oldest first.</summary>
/// <param name="SnapshotVersion">Version the snapshot shows; 0 when there is none.</param>
public sealed record GrainRecord(
    long SnapshotVersion, ReadOnlyMemory<byte> Snapshot, IReadOnlyList<ReadOnlyMemory<byte>> Facts)
{
    public static readonly GrainRecord None = new(0, default, []);

    public long Version => SnapshotVersion + Facts.Count;
}

/// <summary>A grain, and which version of it is known already; 0: none is.</summary>
public readonly record struct KnownGrain(GrainId Grain, long Version);

/// <summary>A state to be kept so that fewer facts must be read again. Never ahead of the journal.</summary>
public sealed record Snapshot(GrainId Grain, long Version, ReadOnlyMemory<byte> State);

/// <summary>An effect that was sent and not yet received. Per edge (from, to) sequences are 1, 2, 3, ...</summary>
public sealed record SentEffect(PartitionId From, PartitionId To, long Sequence, ReadOnlyMemory<byte> Fact);

/// <summary>A reminder that is set.</summary>
public sealed record Reminder(GrainId Grain, string Name, Instant DueAt);

/// <summary>
/// The store contract. Every adapter passes the same conformance suite.
/// <list type="bullet">
/// <item>A commit is applied whole or not at all; Done means durable and visible to every later read.</item>
/// <item>Commits of one batch are judged in order; a later one may build on an earlier one of the batch.
/// A commit in conflict never keeps its neighbours from being applied, but whatever touches (writes or checks) a grain
/// that a commit of the same batch failed to write is in conflict too: a version number reached by somebody else
/// is not the version it was decided on.</item>
/// <item>Positions grow with commit order, without a gap that could later be filled.</item>
/// <item>An exception from CommitAsync means that the outcome of the whole batch is unknown.</item>
/// <item>Load returns snapshot plus tail with contiguous versions, never a lagging snapshot alone.</item>
/// <item>A record whose checksum does not match is never served: StoreDamagedException.</item>
/// </list>
/// Safe for use from several threads; CommitAsync is called by one lane only.
/// </summary>
public interface IGrainStore : IJournal, IAsyncDisposable
{
    ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<Commit> batch, CancellationToken stop);

    /// <summary>Loads grains, answers in the order asked.</summary>
    ValueTask<IReadOnlyList<GrainRecord>> LoadAsync(IReadOnlyList<GrainId> grains, CancellationToken stop);

    /// <summary>
    /// The same for grains of which an earlier version is in memory: where a record's SnapshotVersion is the version given, it
    /// holds the facts since, and its snapshot, if any, is not needed. A store need not tell them apart.
    /// </summary>
    ValueTask<IReadOnlyList<GrainRecord>> LoadAfterAsync(IReadOnlyList<KnownGrain> grains, CancellationToken stop) =>
        LoadAsync([.. grains.Select(known => known.Grain)], stop);

    /// <summary>False: the key was certainly never recorded. In memory, exact enough that a new key rarely gives true.</summary>
    bool MayHold(LedgerKey key);

    /// <summary>The commit that recorded the key, or null.</summary>
    ValueTask<JournalRecord?> FindAsync(LedgerKey key, CancellationToken stop);

    /// <summary>The same for many keys, answered in the order asked.</summary>
    async ValueTask<IReadOnlyList<JournalRecord?>> FindAsync(IReadOnlyList<LedgerKey> keys, CancellationToken stop)
    {
        var found = new JournalRecord?[keys.Count];
        for (var index = 0; index < found.Length; index++)
        {
            found[index] = await FindAsync(keys[index], stop).ConfigureAwait(false);
        }

        return found;
    }

    /// <summary>Whether this node looks for effects left over and reminders due; of several on one store, one does.</summary>
    bool LeadsUpkeep => true;

    /// <summary>Effects not yet received, in order per edge, at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<SentEffect>> PendingEffectsAsync(int limit, CancellationToken stop);

    /// <summary>How many effects sent by the partition have not been received.</summary>
    long PendingEffectCount(PartitionId from);

    /// <summary>Reminders due at or before the moment, earliest first.</summary>
    ValueTask<IReadOnlyList<Reminder>> DueRemindersAsync(Instant until, int limit, CancellationToken stop);

    /// <summary>Grains whose tail should be shortened by a snapshot soon; empty when there is no need.</summary>
    IReadOnlyList<GrainId> SnapshotsWanted(int limit);

    /// <summary>Keeps snapshots. May be lazy: a snapshot that is lost costs time, never truth.</summary>
    void SaveSnapshots(IReadOnlyList<Snapshot> snapshots);
}

/// <summary>The journal as its followers see it: every commit, in order, for ever.</summary>
public interface IJournal
{
    /// <summary>
    /// Position of the last durable commit known here; 0 when there is none. Where several nodes share a store, the commits
    /// of the others are known a moment late.
    /// </summary>
    long Head { get; }

    /// <summary>Position of the last durable commit of any node when it was asked for; Head is at least that afterwards.</summary>
    ValueTask<long> AskHeadAsync(CancellationToken stop) => ValueTask.FromResult(Head);

    /// <summary>Commits after the position, in order, at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<JournalRecord>> ReadAsync(long afterPosition, int limit, CancellationToken stop);

    /// <summary>Commits that wrote the grain, newest first, before the position (exclusive; long.MaxValue for all).</summary>
    ValueTask<IReadOnlyList<JournalRecord>> HistoryAsync(
        GrainId grain, long beforePosition, int limit, CancellationToken stop);

    /// <summary>Completes when Head is beyond the position.</summary>
    Task WaitBeyondAsync(long position, CancellationToken stop);
}

/// <summary>One durable commit.</summary>
public sealed record JournalRecord(
    long Position,
    PartitionId Partition,
    Instant RecordedAt,
    IReadOnlyList<GrainWrite> Writes,
    LedgerWrite? Ledger,
    IReadOnlyList<ReminderChange> Reminders);

/// <summary>The store's bytes are not what was written. Nothing is served from them.</summary>
public class StoreDamagedException(string message) : Exception(message);

/// <summary>The store failed in a way after which its process must not write again (an I/O error of a sync).</summary>
public sealed class StoreBrokenException(string message, Exception? cause = null) : Exception(message, cause);
