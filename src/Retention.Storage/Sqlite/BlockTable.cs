namespace Retention.Storage.Sqlite;

/// <summary>Writes and deletes blocks and the manifest, a bounded piece in each transaction.</summary>
internal sealed class BlockTable
{
    private const int PieceBytes = 256 * 1024;
    private readonly Writer writer;
    private readonly SqliteOptions options;
    private readonly Statement begin;
    private readonly Statement commit;
    private readonly Statement put;
    private readonly Statement delete;
    private readonly Statement setManifest;

    public BlockTable(Writer writer, SqliteOptions options)
    {
        this.writer = writer;
        this.options = options;
        var database = writer.Session.Database;
        begin = database.Prepare("BEGIN IMMEDIATE");
        commit = database.Prepare("COMMIT");
        put = database.Prepare("INSERT OR REPLACE INTO block (id, content) VALUES (?1, ?2)");
        delete = database.Prepare("DELETE FROM block WHERE id >= ?1 AND id < ?2");
        setManifest = database.Prepare("UPDATE manifest SET content = ?1 WHERE id = 1");
    }

    /// <summary>False when the store is full: some of the blocks may be there, and are written again next time.</summary>
    public bool TryPut(IReadOnlyList<StoredBlock> blocks)
    {
        for (var next = 0; next < blocks.Count;)
        {
            var (first, bytes) = (next, 0);
            for (; next < blocks.Count && bytes < PieceBytes; next++)
            {
                bytes += blocks[next].Content.Length;
            }

            var end = next;
            if (!writer.TryRunBehindCommits(() => Put(blocks, first, end)))
            {
                return false;
            }
        }

        return true;
    }

    public bool TrySet(Manifest manifest) => writer.TryRunBehindCommits(() =>
    {
        begin.Run();
        setManifest.With(1, manifest.Encode()).Run();
        commit.Run();
    });

    /// <summary>Deletes a piece of the first range of garbage; the manifest changes with it. Null when the store is full.</summary>
    public Manifest? TryDelete(Manifest manifest)
    {
        var range = manifest.Garbage[0];
        var count = Math.Min(range.Count, options.BlocksPerPiece * 4L);
        var rest = new BlockRange(range.First + count, range.Count - count);
        var after = manifest with
        {
            Garbage = rest.Count > 0 ? manifest.Garbage.SetItem(0, rest) : manifest.Garbage.RemoveAt(0),
        };
        var done = writer.TryRunBehindCommits(() =>
        {
            begin.Run();
            delete.With(1, range.First).With(2, range.First + count).Run();
            setManifest.With(1, after.Encode()).Run();
            commit.Run();
        });
        return done ? after : null;
    }

    private void Put(IReadOnlyList<StoredBlock> blocks, int first, int end)
    {
        begin.Run();
        for (var index = first; index < end; index++)
        {
            put.With(1, blocks[index].Id).With(2, blocks[index].Content).Run();
        }

        commit.Run();
    }
}
