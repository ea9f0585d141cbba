using Npgsql;
using Retention.Engine.Ports;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Postgres;

/// <summary>Reads a whole schema. While it is open no node can start in it, and it is refused where one works.</summary>
public sealed class PostgresScan : IStoreScan
{
    private readonly NpgsqlDataSource source;
    private readonly NpgsqlConnection holder;

    private PostgresScan(NpgsqlDataSource source, NpgsqlConnection holder)
    {
        this.source = source;
        this.holder = holder;
    }

    public long LastPosition
    {
        get
        {
            using var command = new NpgsqlCommand("SELECT position FROM journal_head", holder);
            return (long)command.ExecuteScalar()!;
        }
    }

    public long Bytes
    {
        get
        {
            using var command = new NpgsqlCommand(
                "SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits "
                + "WHERE inhparent = 'journal'::regclass", holder);
            return (long)command.ExecuteScalar()!;
        }
    }

    /// <param name="isLocked">Whether another scan of this process keeps servers out already.</param>
    public static PostgresScan Open(PostgresOptions options, bool isLocked)
    {
        var source = Connections.Source(options, poolSize: 4);
        try
        {
            var holder = source.OpenConnection();
            Migrations.Require(holder, options.Schema);
            if (isLocked) return new PostgresScan(source, holder);
            using var hold = new NpgsqlCommand(
                $"SELECT pg_try_advisory_lock({AdvisoryKeys.Nodes(options.Schema)})", holder);
            return hold.ExecuteScalar() is true
                ? new PostgresScan(source, holder)
                : throw new DatabaseInUseException($"A server works in the schema {options.Schema}.");
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    public IEnumerable<ScannedCommit> Journal()
    {
        var expected = 1L;
        foreach (var (position, record) in Rows("SELECT position, record FROM journal ORDER BY position", JournalRow))
        {
            for (; expected < position; expected++)
            {
                yield return Missing(expected);
            }

            yield return Commit(position, record);
            expected = position + 1;
        }

        for (var last = LastPosition; expected <= last; expected++)
        {
            yield return Missing(expected);
        }
    }

    public IEnumerable<(long Position, GrainWrite Write)> Writes(StorePart part) =>
        from row in Rows("SELECT position, record FROM journal ORDER BY position", JournalRow)
        from write in JournalRows.DecodeUndamaged(row.Record, part)
        select (row.Position, write);

    public IEnumerable<ScannedSnapshot> Snapshots() => Rows(
        "SELECT name, version, content FROM snapshot",
        row => StoreScan.Snapshot(row.GetFieldValue<byte[]>(0), row.GetInt64(1), row.GetFieldValue<byte[]>(2)));

    public void Dispose()
    {
        // The session's lock goes with the session: the source closes what the pool holds.
        holder.Dispose();
        source.Dispose();
    }

    private static (long Position, byte[] Record) JournalRow(NpgsqlDataReader row) =>
        (row.GetInt64(0), row.GetFieldValue<byte[]>(1));

    private static ScannedCommit Missing(long position) =>
        new(position, null, $"Journal record {position} is missing.");

    private static ScannedCommit Commit(long position, byte[] record)
    {
        try
        {
            return new ScannedCommit(position, JournalRows.Decode(position, record), "");
        }
        catch (StoreDamagedException damage)
        {
            return new ScannedCommit(position, null, damage.Message);
        }
    }

    private IEnumerable<T> Rows<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        using var connection = source.OpenConnection();
        using var batch = Visible.Everywhere(connection, sql);
        batch.Timeout = 0;
        using var rows = batch.ExecuteReader();
        rows.NextResult();
        while (rows.Read())
        {
            yield return read(rows);
        }
    }
}
