using Npgsql;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Postgres;

/// <summary>
/// Reads grains, as many as are asked for in one round trip: snapshot, the commits after it, and the head. Of a grain of
/// which a version is known already: what has come since, and a snapshot only where it is newer.
/// </summary>
internal static class GrainLoader
{
    // One statement, so that all three parts show the same moment.
    private const string Sql = """
        SELECT 0::bigint, 0, position, NULL::bytea FROM journal_head
        UNION ALL
        SELECT g.o, 1, s.version, s.content
        FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY g(grain, known, o)
        JOIN snapshot s ON s.grain = g.grain AND s.version > g.known
        UNION ALL
        SELECT g.o, 2, c.version, (SELECT j.record FROM journal j WHERE j.position = c.position)
        FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY g(grain, known, o)
        LEFT JOIN LATERAL (SELECT s.version FROM snapshot s WHERE s.grain = g.grain) s ON true
        JOIN LATERAL (
            SELECT version, position FROM grain_commit c
            WHERE c.grain = g.grain AND c.version > greatest(s.version, g.known)) c ON true
        ORDER BY 1, 2, 3
        """;

    public static (GrainRecord[] Records, long Head) Load(NpgsqlConnection connection, IReadOnlyList<KnownGrain> grains)
    {
        var partitions = new HashSet<string>();
        var ids = new Guid[grains.Count];
        var versions = new long[grains.Count];
        for (var index = 0; index < ids.Length; index++)
        {
            partitions.Add(grains[index].Grain.Partition.Value);
            ids[index] = AppendBatch.Uuid(grains[index].Grain);
            versions[index] = grains[index].Version;
        }

        Found[] found = [.. versions.Select(version => new Found(version))];
        var head = 0L;
        using var batch = Visible.Within(connection, partitions, Sql, Visible.Value(ids), Visible.Value(versions));
        using var rows = batch.ExecuteReader();
        Visible.Skip(rows);
        while (rows.Read())
        {
            var part = rows.GetInt32(1);
            if (part == 0)
            {
                head = rows.GetInt64(2);
                continue;
            }

            var index = (int)rows.GetInt64(0) - 1;
            var grain = grains[index].Grain;
            if (part == 1) found[index].Take(grain, rows.GetInt64(2), Bytes(grain, rows));
            else found[index].Add(grain, rows.GetInt64(2), Bytes(grain, rows));
        }

        return ([.. found.Select(entry => entry.Record)], head);
    }

    private static byte[] Bytes(GrainId grain, NpgsqlDataReader rows) =>
        rows.IsDBNull(3) ? throw Gap(grain) : rows.GetFieldValue<byte[]>(3);

    private static StoreDamagedException Gap(GrainId grain) => new($"The versions of {grain} are not contiguous.");

    private sealed class Found(long known)
    {
        private readonly List<ReadOnlyMemory<byte>> facts = [];
        private long snapshotVersion = known;
        private ReadOnlyMemory<byte> snapshot;

        public GrainRecord Record => new(snapshotVersion, snapshot, facts);

        public void Take(GrainId grain, long version, byte[] content)
        {
            snapshotVersion = version;
            snapshot = SnapshotRow.Open(grain, version, content);
        }

        /// <summary>A commit may begin before the snapshot and end behind it: only what is behind is added.</summary>
        public void Add(GrainId grain, long version, byte[] row)
        {
            var write = WriteOf(grain, row);
            var known = snapshotVersion + facts.Count;
            if (write.NewVersion != version || write.ExpectedVersion > known) throw Gap(grain);
            for (var index = (int)(known - write.ExpectedVersion); index < write.Facts.Count; index++)
            {
                facts.Add(write.Facts[index]);
            }
        }

        private static GrainWrite WriteOf(GrainId grain, byte[] row)
        {
            foreach (var write in JournalRows.Decode(0, row).Writes)
            {
                if (write.Grain == grain) return write;
            }

            throw Gap(grain);
        }
    }
}
