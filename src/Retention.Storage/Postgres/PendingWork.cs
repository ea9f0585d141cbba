using NodaTime;
using Npgsql;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Postgres;

/// <summary>Reads what has still to happen: effects that were not received, and reminders that are due.</summary>
internal static class PendingWork
{
    private const string Count =
        "SELECT coalesce(sum(greatest(sent - received, 0)), 0)::bigint FROM edge WHERE from_id = $1";

    // The commits of each outbox beyond what was received. A commit holds at least one effect.
    private const string Effects = """
        SELECT e.from_id, e.to_id, e.received, c.position, j.record
        FROM edge e
        JOIN LATERAL (
            SELECT version, position FROM grain_commit c
            WHERE c.grain = e.outbox AND c.version > e.received ORDER BY c.version LIMIT $1) c ON true
        LEFT JOIN journal j USING (position)
        WHERE e.sent > e.received
        ORDER BY e.from_id, e.to_id, c.version
        """;

    private const string Due = """
        SELECT partition_id, kind, key, name, due_seconds, due_nanoseconds FROM reminder
        WHERE (due_seconds, due_nanoseconds) <= ($1, $2)
        ORDER BY due_seconds, due_nanoseconds, partition_id, kind, key, name LIMIT $3
        """;

    public static long EffectCount(NpgsqlConnection connection, PartitionId from)
    {
        using var batch = Visible.Within(connection, [from.Value], Count, Visible.Value(from.Value));
        using var rows = batch.ExecuteReader();
        rows.NextResult();
        rows.Read();
        return rows.GetInt64(0);
    }

    /// <summary>The edges take turns: the first of each, oldest first, then the second of each, and so on.</summary>
    public static async ValueTask<IReadOnlyList<SentEffect>> EffectsAsync(
        NpgsqlConnection connection, int limit, CancellationToken stop)
    {
        var found = new List<(int Turn, long Position, SentEffect Effect)>();
        var turns = new Dictionary<(string, string), int>();
        await using var batch = Visible.Everywhere(connection, Effects, Visible.Value(limit));
        await using var rows = await batch.ExecuteReaderAsync(stop).ConfigureAwait(false);
        await rows.NextResultAsync(stop).ConfigureAwait(false);
        while (await rows.ReadAsync(stop).ConfigureAwait(false))
        {
            var edge = (From: rows.GetString(0), To: rows.GetString(1));
            var record = JournalRows.Decode(rows.GetInt64(3), rows.GetFieldValue<byte[]>(4));
            foreach (var effect in Sent(record, edge.From, edge.To).Where(x => x.Sequence > rows.GetInt64(2)))
            {
                var turn = turns[edge] = turns.GetValueOrDefault(edge) + 1;
                found.Add((turn, record.Position, effect));
            }
        }

        return
        [
            .. found.OrderBy(x => x.Turn).ThenBy(x => x.Position)
                .ThenBy(x => x.Effect.From.Value, StringComparer.Ordinal)
                .ThenBy(x => x.Effect.To.Value, StringComparer.Ordinal)
                .Take(limit).Select(x => x.Effect),
        ];
    }

    public static async ValueTask<IReadOnlyList<Reminder>> DueAsync(
        NpgsqlConnection connection, Instant until, int limit, CancellationToken stop)
    {
        var due = new List<Reminder>();
        var (seconds, nanoseconds) = Moments.Split(until);
        await using var batch = Visible.Everywhere(
            connection, Due, Visible.Value(seconds), Visible.Value(nanoseconds), Visible.Value(limit));
        await using var rows = await batch.ExecuteReaderAsync(stop).ConfigureAwait(false);
        await rows.NextResultAsync(stop).ConfigureAwait(false);
        while (await rows.ReadAsync(stop).ConfigureAwait(false))
        {
            var grain = new GrainId(new PartitionId(rows.GetString(0)), rows.GetString(1), rows.GetString(2));
            due.Add(new Reminder(grain, rows.GetString(3), Moments.Join(rows.GetInt64(4), rows.GetInt64(5))));
        }

        return due;
    }

    private static IEnumerable<SentEffect> Sent(JournalRecord record, string sender, string receiver)
    {
        var to = new PartitionId(receiver);
        var outbox = new GrainId(new PartitionId(sender), GrainId.OutboxKind, receiver);
        foreach (var write in record.Writes.Where(write => write.Grain == outbox))
        {
            for (var index = 0; index < write.Facts.Count; index++)
            {
                yield return new SentEffect(outbox.Partition, to, write.ExpectedVersion + 1 + index, write.Facts[index]);
            }
        }
    }
}
