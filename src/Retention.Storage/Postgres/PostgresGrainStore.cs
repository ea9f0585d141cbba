using NodaTime;
using Npgsql;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Postgres;

/// <summary>
/// The journal, the grains and the ledger in a schema of a PostgreSQL database, for any number of nodes: the database
/// refuses the second writer of a version and of a key. See the decision records for why it is built as it is.
/// </summary>
public sealed class PostgresGrainStore : IAuditedStore
{
    private readonly Connections connections;
    private readonly AppendLane lane;
    private readonly SnapshotWishes wishes;
    private readonly Lease upkeep;
    private readonly HeadWatch watch;
    private int disposed;
    private bool isReadOnly;

    private PostgresGrainStore(Connections connections)
    {
        this.connections = connections;
        lane = new AppendLane(connections);
        wishes = new SnapshotWishes(connections.Options);
        upkeep = new Lease(connections, "upkeep", lane.Id);
        watch = new HeadWatch(connections);
    }

    public long Head => watch.Head;

    /// <summary>Opens the store; brings the schema up to date first, while other nodes wait.</summary>
    public static PostgresGrainStore Open(PostgresOptions options)
    {
        var connections = new Connections(options);
        try
        {
            connections.RequireFit();
            using (var connection = connections.Open())
            {
                Migrations.Run(connection, options.Schema);
            }

            var store = new PostgresGrainStore(connections);
            store.lane.Open();
            store.watch.Ask();
            return store;
        }
        catch
        {
            connections.Dispose();
            throw;
        }
    }

    /// <summary>Opens a schema that is up to date, without a lane of commits: they are refused.</summary>
    public static PostgresGrainStore OpenReadOnly(PostgresOptions options)
    {
        var connections = new Connections(options);
        try
        {
            using (var connection = connections.Open())
            {
                Migrations.Require(connection, options.Schema);
            }

            var store = new PostgresGrainStore(connections) { isReadOnly = true };
            store.watch.Ask();
            return store;
        }
        catch
        {
            connections.Dispose();
            throw;
        }
    }

    /// <summary>While it is held no other node starts: what a platform has once is made once.</summary>
    public IDisposable LockStart()
    {
        var connection = connections.Open();
        var key = AdvisoryKeys.Start(connections.Options.Schema);
        using var command = new NpgsqlCommand($"SELECT pg_advisory_lock({key})", connection) { CommandTimeout = 0 };
        command.ExecuteNonQuery();
        return new StartLock(connection, key);
    }

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<Commit> batch, CancellationToken stop)
    {
        if (isReadOnly) throw new InvalidOperationException("The store was opened for reading only.");

        CommitShape.Check(batch);
        var results = lane.Commit(batch);
        for (var index = 0; index < results.Length; index++)
        {
            if (results[index].Verdict != CommitVerdict.Done) continue;
            foreach (var write in batch[index].Writes)
            {
                wishes.Note(write.Grain, write.ExpectedVersion, write.NewVersion);
            }
        }

        watch.Raise(results.Length == 0 ? 0 : results.Max(result => result.Position));
        return ValueTask.FromResult<IReadOnlyList<CommitResult>>(results);
    }

    public ValueTask<IReadOnlyList<GrainRecord>> LoadAsync(IReadOnlyList<GrainId> grains, CancellationToken stop) =>
        LoadAfterAsync([.. grains.Select(grain => new KnownGrain(grain, 0))], stop);

    /// <summary>Runs on the caller's thread, which is one of the host's loaders.</summary>
    public ValueTask<IReadOnlyList<GrainRecord>> LoadAfterAsync(IReadOnlyList<KnownGrain> grains, CancellationToken stop)
    {
        lane.Settle();
        using var connection = connections.Open();
        var (records, head) = GrainLoader.Load(connection, grains);
        for (var index = 0; index < records.Length; index++)
        {
            wishes.NoteTail(grains[index].Grain, records[index].SnapshotVersion, records[index].Version);
        }

        // What was loaded may be another node's and beyond the head known here.
        watch.Raise(head);
        return ValueTask.FromResult<IReadOnlyList<GrainRecord>>(records);
    }

    /// <summary>Another node may have recorded any key a moment ago.</summary>
    public bool MayHold(LedgerKey key) => true;

    public async ValueTask<JournalRecord?> FindAsync(LedgerKey key, CancellationToken stop) =>
        (await FindAsync([key], stop).ConfigureAwait(false))[0];

    public async ValueTask<IReadOnlyList<JournalRecord?>> FindAsync(IReadOnlyList<LedgerKey> keys, CancellationToken stop)
    {
        lane.Settle();
        await using var connection = await connections.OpenAsync(stop).ConfigureAwait(false);
        var records = await JournalRows.FindAsync(connection, keys, stop).ConfigureAwait(false);
        watch.Raise(records.Max(record => record?.Position ?? 0));
        return records;
    }

    public ValueTask<long[]> PositionsAsync(IReadOnlyList<LedgerKey> keys, CancellationToken stop) => PositionsAsync(
        "SELECT coalesce((SELECT l.position FROM ledger_key l WHERE l.key = k.key), 0) FROM unnest($1) WITH ORDINALITY k(key, o) ORDER BY k.o",
        [.. keys.Select(key => AppendBatch.Uuid(key.Value))], stop);

    public ValueTask<long[]> PositionsAsync(IReadOnlyList<GrainId> grains, CancellationToken stop) => PositionsAsync(
        "SELECT coalesce((SELECT c.position FROM grain_commit c WHERE c.grain = g.grain ORDER BY c.version DESC LIMIT 1), 0) "
        + "FROM unnest($1) WITH ORDINALITY g(grain, o) ORDER BY g.o",
        [.. grains.Select(AppendBatch.Uuid)], stop);

    public bool LeadsUpkeep => upkeep.IsHeld();

    public async ValueTask<IReadOnlyList<SentEffect>> PendingEffectsAsync(int limit, CancellationToken stop)
    {
        if (!upkeep.IsHeld()) return [];
        await using var connection = await connections.OpenAsync(stop).ConfigureAwait(false);
        return await PendingWork.EffectsAsync(connection, limit, stop).ConfigureAwait(false);
    }

    public long PendingEffectCount(PartitionId from)
    {
        using var connection = connections.Open();
        return PendingWork.EffectCount(connection, from);
    }

    public async ValueTask<IReadOnlyList<Reminder>> DueRemindersAsync(Instant until, int limit, CancellationToken stop)
    {
        if (!upkeep.IsHeld()) return [];
        await using var connection = await connections.OpenAsync(stop).ConfigureAwait(false);
        return await PendingWork.DueAsync(connection, until, limit, stop).ConfigureAwait(false);
    }

    public IReadOnlyList<GrainId> SnapshotsWanted(int limit) => wishes.Wanted(limit);

    public void SaveSnapshots(IReadOnlyList<Snapshot> snapshots)
    {
        using (var connection = connections.Open())
        {
            SnapshotTable.Write(connection, snapshots);
        }

        foreach (var snapshot in snapshots)
        {
            wishes.Met(snapshot.Grain, snapshot.Version);
        }
    }

    public async ValueTask<IReadOnlyList<JournalRecord>> ReadAsync(long afterPosition, int limit, CancellationToken stop)
    {
        var until = afterPosition + Math.Clamp(Head - afterPosition, 0, limit);
        if (until <= afterPosition) return [];
        await using var connection = await connections.OpenAsync(stop).ConfigureAwait(false);
        return await JournalRows.ReadAsync(connection, afterPosition, until, stop).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<JournalRecord>> HistoryAsync(
        GrainId grain, long beforePosition, int limit, CancellationToken stop)
    {
        await using var connection = await connections.OpenAsync(stop).ConfigureAwait(false);
        return await JournalRows.HistoryAsync(connection, grain, beforePosition, limit, stop).ConfigureAwait(false);
    }

    public ValueTask<long> AskHeadAsync(CancellationToken stop) => watch.AskNowAsync(stop);

    public Task WaitBeyondAsync(long position, CancellationToken stop) => watch.WaitBeyondAsync(position, stop);

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            TryRelease();
            lane.Dispose();
            connections.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask<long[]> PositionsAsync(string sql, Guid[] ids, CancellationToken stop)
    {
        await using var connection = await connections.OpenAsync(stop).ConfigureAwait(false);
        await using var command = new NpgsqlCommand($"SELECT array_agg(position) FROM ({sql}) found(position)", connection)
        {
            Parameters = { Visible.Value(ids) },
        };
        return await command.ExecuteScalarAsync(stop).ConfigureAwait(false) as long[] ?? [];
    }

    // A database that is away keeps the lease, and the node's turns, until their time is over.
    private void TryRelease()
    {
        try
        {
            upkeep.Release();
            lane.LeaveTurns();
        }
        catch (NpgsqlException)
        {
        }
    }

    private sealed class StartLock(NpgsqlConnection connection, long key) : IDisposable
    {
        public void Dispose()
        {
            using (var command = new NpgsqlCommand($"SELECT pg_advisory_unlock({key})", connection))
            {
                command.ExecuteNonQuery();
            }

            connection.Dispose();
        }
    }
}
