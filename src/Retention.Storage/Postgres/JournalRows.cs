using Npgsql;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Postgres;

/// <summary>Reads whole commits: by position, by key, and by the grain they wrote.</summary>
internal static class JournalRows
{
    /// <summary>Journal rows asked for at once, so that one answer stays within memory.</summary>
    private const int RowsPerRead = 10_000;

    private const string ByPosition =
        "SELECT position, record FROM journal WHERE position > $1 AND position <= $2 ORDER BY position";

    // One row for each key asked for: of the journal's rows, those without a record were never written.
    private const string ByKey = """
        SELECT coalesce(k.position, 0), j.record FROM unnest($1::uuid[]) WITH ORDINALITY asked(key, o)
        LEFT JOIN ledger_key k ON k.key = asked.key LEFT JOIN journal j ON j.position = k.position
        ORDER BY asked.o
        """;

    private const string ByGrain = """
        SELECT c.position, j.record FROM grain_commit c LEFT JOIN journal j USING (position)
        WHERE c.grain = $1 AND c.position < $2 ORDER BY c.version DESC LIMIT $3
        """;

    public static JournalRecord Decode(long position, byte[] row)
    {
        try
        {
            return JournalCodec.Decode(0, row) with { Position = position };
        }
        catch (StoreDamagedException)
        {
            throw Damaged(position);
        }
    }

    /// <summary>The writes to grains of one part; none where the row is damaged.</summary>
    public static List<GrainWrite> DecodeUndamaged(byte[] row, StorePart part)
    {
        try
        {
            return JournalCodec.Decode(0, row, part);
        }
        catch (StoreDamagedException)
        {
            return [];
        }
    }

    public static async ValueTask<IReadOnlyList<JournalRecord>> ReadAsync(
        NpgsqlConnection connection, long after, long until, CancellationToken stop)
    {
        var records = new List<JournalRecord>();
        while (after < until)
        {
            var last = Math.Min(until, after + RowsPerRead);
            await using var batch = Visible.Everywhere(
                connection, ByPosition, Visible.Value(after), Visible.Value(last));
            await foreach (var record in Rows(batch, stop))
            {
                if (record.Position != ++after) throw new StoreDamagedException($"Journal record {after} is missing.");
                records.Add(record);
            }

            if (after != last) throw new StoreDamagedException($"Journal record {after + 1} is missing.");
        }

        return records;
    }

    public static async ValueTask<JournalRecord?[]> FindAsync(
        NpgsqlConnection connection, IReadOnlyList<LedgerKey> keys, CancellationToken stop)
    {
        var records = new JournalRecord?[keys.Count];
        await using var batch = Visible.Everywhere(
            connection, ByKey, Visible.Value(keys.Select(key => AppendBatch.Uuid(key.Value)).ToArray()));
        await using var rows = await batch.ExecuteReaderAsync(stop).ConfigureAwait(false);
        await rows.NextResultAsync(stop).ConfigureAwait(false);
        for (var index = 0; await rows.ReadAsync(stop).ConfigureAwait(false); index++)
        {
            if (rows.GetInt64(0) > 0) records[index] = Row(rows);
        }

        return records;
    }

    public static async ValueTask<IReadOnlyList<JournalRecord>> HistoryAsync(
        NpgsqlConnection connection, GrainId grain, long before, int limit, CancellationToken stop)
    {
        var records = new List<JournalRecord>();
        await using var batch = Visible.Within(
            connection, [grain.Partition.Value], ByGrain,
            Visible.Value(AppendBatch.Uuid(grain)), Visible.Value(before), Visible.Value(limit));
        await foreach (var record in Rows(batch, stop))
        {
            records.Add(record);
        }

        return records;
    }

    private static async IAsyncEnumerable<JournalRecord> Rows(
        NpgsqlBatch batch, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        await using var rows = await batch.ExecuteReaderAsync(stop).ConfigureAwait(false);
        await rows.NextResultAsync(stop).ConfigureAwait(false);
        while (await rows.ReadAsync(stop).ConfigureAwait(false))
        {
            yield return Row(rows);
        }
    }

    private static JournalRecord Row(NpgsqlDataReader rows)
    {
        var position = rows.GetInt64(0);
        return rows.IsDBNull(1) ? throw Damaged(position) : Decode(position, rows.GetFieldValue<byte[]>(1));
    }

    private static StoreDamagedException Damaged(long position) =>
        new($"Journal record {position} is not what was written.");
}
