using Npgsql;
using Retention.Engine.Ports;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Postgres;

/// <summary>Keeps snapshots. Nobody waits for the disk: one that a crash takes away costs time, never truth.</summary>
internal static class SnapshotTable
{
    // A snapshot that the journal does not cover is left out.
    private const string Save = """
        INSERT INTO snapshot (grain, partition_id, name, version, content)
        SELECT s.grain, s.partition_id, s.name, s.version, s.content
        FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bigint[], $5::bytea[]) s(grain, partition_id, name, version, content)
        WHERE s.version <= (
            SELECT c.version FROM grain_commit c WHERE c.grain = s.grain ORDER BY c.version DESC LIMIT 1)
        ORDER BY s.grain
        ON CONFLICT (grain) DO UPDATE SET version = excluded.version, content = excluded.content
        WHERE snapshot.version < excluded.version
        """;

    public static void Write(NpgsqlConnection connection, IReadOnlyList<Snapshot> snapshots)
    {
        Snapshot[] newest = [.. snapshots.GroupBy(x => x.Grain).Select(x => x.MaxBy(y => y.Version)!)];
        using var batch = Visible.Within(
            connection,
            [.. newest.Select(x => x.Grain.Partition.Value).Distinct()],
            Save,
            Visible.Value(newest.Select(x => AppendBatch.Uuid(x.Grain)).ToArray()),
            Visible.Value(newest.Select(x => x.Grain.Partition.Value).ToArray()),
            Visible.Value(newest.Select(x => GrainKey.Bytes(x.Grain)).ToArray()),
            Visible.Value(newest.Select(x => x.Version).ToArray()),
            Visible.Value(newest.Select(x => SnapshotRow.Seal(x.Grain, x.Version, x.State.Span)).ToArray()));
        batch.BatchCommands.Insert(0, new NpgsqlBatchCommand("SELECT set_config('synchronous_commit', 'off', true)"));
        batch.ExecuteNonQuery();
    }
}
