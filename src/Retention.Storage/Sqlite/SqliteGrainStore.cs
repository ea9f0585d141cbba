using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// The journal, the grains and the ledger in one SQLite database of a data directory. Commits run on the caller's
/// thread and come back when they are durable; see the decision records for why it is built as it is.
/// </summary>
public sealed class SqliteGrainStore : IAuditedStore
{
    private readonly StoreParts parts;
    private readonly CommitLane? lane;
    private readonly Maintenance? maintenance;
    private readonly JournalSignal signal = new();
    private long head;
    private int disposed;

    private SqliteGrainStore(StoreParts parts)
    {
        this.parts = parts;
        head = parts.Head;
        if (parts.Writer is not { } writer)
        {
            return;
        }

        try
        {
            lane = new CommitLane(writer.Session, parts.Tail);
            maintenance = new Maintenance(parts, writer, parts.OpenReader());
        }
        catch
        {
            // One more file could not be opened: the directory is free for the next attempt.
            parts.Dispose();
            throw;
        }
    }

    /// <summary>Version of the SQLite library that works underneath.</summary>
    public static string SqliteVersion => Database.Version;

    public long Head => Volatile.Read(ref head);

    public static SqliteGrainStore Open(SqliteOptions options) => new(StoreParts.Open(options));

    /// <summary>
    /// Opens a data directory, usually a copy, without ever writing to its database. Everything can be read and
    /// enumerated; commits are refused and snapshots are ignored.
    /// </summary>
    public static SqliteGrainStore OpenReadOnly(SqliteOptions options) => new(StoreParts.OpenReadOnly(options));

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<Commit> batch, CancellationToken stop)
    {
        if (lane is null)
        {
            throw new InvalidOperationException("The store was opened for reading only.");
        }

        CommitShape.Check(batch);
        CommitResult[] results = [];
        var durable = maintenance!.WaitForRoom() && parts.Writer!.TryRun(() =>
        {
            results = lane.Write(batch, head);
            if (lane.Batch.Stored.Count > 0)
            {
                Publish(lane.Batch);
            }
        });
        if (!durable)
        {
            results = new CommitResult[batch.Count];
            Array.Fill(results, new CommitResult(CommitVerdict.Full, 0));
        }

        maintenance.Wake();
        return ValueTask.FromResult<IReadOnlyList<CommitResult>>(results);
    }

    public ValueTask<IReadOnlyList<GrainRecord>> LoadAsync(IReadOnlyList<GrainId> grains, CancellationToken stop) =>
        parts.Readers.AskAsync<IReadOnlyList<GrainRecord>>(
            session => [.. grains.Select(grain => Lookup.Ask(parts.Tail, session, x => GrainReader.Load(parts.Tail, grain, x)))],
            stop);

    public bool MayHold(LedgerKey key) =>
        parts.Tail.TryKey(key.Value, out _, out var index) || StoreIndex.MayHold(index.Keys, key.Value);

    public async ValueTask<JournalRecord?> FindAsync(LedgerKey key, CancellationToken stop)
    {
        if (!MayHold(key))
        {
            return null;
        }

        return await AskAsync(
            session => Lookup.PositionOf(parts.Tail, key.Value, session) is var position and > 0
                ? session.Record(position)
                : null,
            stop).ConfigureAwait(false);
    }

    public ValueTask<long[]> PositionsAsync(IReadOnlyList<LedgerKey> keys, CancellationToken stop) =>
        AskAsync(session => keys.Select(key => Lookup.PositionOf(parts.Tail, key.Value, session)).ToArray(), stop);

    public ValueTask<long[]> PositionsAsync(IReadOnlyList<GrainId> grains, CancellationToken stop) =>
        AskAsync(session => grains.Select(grain => Lookup.PositionOf(parts.Tail, grain, session)).ToArray(), stop);

    public async ValueTask<IReadOnlyList<SentEffect>> PendingEffectsAsync(int limit, CancellationToken stop)
    {
        var pending = parts.Effects.First(limit);
        return pending.Count == 0 ? [] : await parts.Readers.AskAsync<IReadOnlyList<SentEffect>>(
            session => [.. pending.Select(x => EffectReader.Read(x.Edge, x.Sent, session))], stop).ConfigureAwait(false);
    }

    public long PendingEffectCount(PartitionId from) => parts.Effects.Count(from);

    public ValueTask<IReadOnlyList<Reminder>> DueRemindersAsync(Instant until, int limit, CancellationToken stop) =>
        ValueTask.FromResult(parts.Reminders.Due(until, limit));

    public IReadOnlyList<GrainId> SnapshotsWanted(int limit) => parts.Snapshots.Wanted(limit);

    public void SaveSnapshots(IReadOnlyList<Snapshot> snapshots)
    {
        if (maintenance is not null)
        {
            parts.Snapshots.Offer(snapshots);
            maintenance.Wake();
        }
    }

    public ValueTask<IReadOnlyList<JournalRecord>> ReadAsync(long afterPosition, int limit, CancellationToken stop)
    {
        var visible = (int)Math.Clamp(Head - afterPosition, 0, limit);
        return visible == 0
            ? ValueTask.FromResult<IReadOnlyList<JournalRecord>>([])
            : parts.Readers.AskAsync<IReadOnlyList<JournalRecord>>(
                session => Records(session, afterPosition, visible), stop);
    }

    public ValueTask<IReadOnlyList<JournalRecord>> HistoryAsync(
        GrainId grain, long beforePosition, int limit, CancellationToken stop) =>
        AskAsync<IReadOnlyList<JournalRecord>>(
            session => [.. GrainReader.WalkBefore(
                grain, beforePosition, Lookup.HeadOf(parts.Tail, grain, session).Position, session).Take(limit)],
            stop);

    public Task WaitBeyondAsync(long position, CancellationToken stop) =>
        signal.WaitAsync(() => Head > position, stop);

    /// <summary>
    /// Reads everything there is and says what is damaged, naming positions and grains; nothing when all is well.
    /// Takes as long as reading the whole journal does, and memory for every grain and key.
    /// </summary>
    public IReadOnlyList<string> FindDamage()
    {
        using var session = parts.OpenReader();
        return [.. new DamageScan(parts, Head).Run(session)];
    }

    public StoreFigures Figures() => parts.Figures();

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            maintenance?.Dispose();
            parts.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask<T> AskAsync<T>(Func<Session, T> questions, CancellationToken stop) =>
        parts.Readers.AskAsync(session => Lookup.Ask(parts.Tail, session, questions), stop);

    private static JournalRecord[] Records(Session session, long after, int limit)
    {
        JournalRecord[] records =
            [.. session.Journal(after, limit).Select(x => JournalCodec.Decode(x.Position, x.Row))];
        return records.Length == limit
            ? records
            : throw new StoreDamagedException($"Journal record {after + records.Length + 1} is missing.");
    }

    private void Publish(Batch batch)
    {
        parts.Publish(batch);
        Volatile.Write(ref head, batch.Position);
        signal.Set();
    }
}
