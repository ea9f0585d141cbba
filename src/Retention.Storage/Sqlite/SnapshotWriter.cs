using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>Writes the waiting snapshots, sorted, some in each transaction. One that the journal does not cover is dropped.</summary>
internal sealed class SnapshotWriter
{
    private readonly Writer writer;
    private readonly Tail tail;
    private readonly SnapshotQueue queue;
    private readonly SqliteOptions options;
    private readonly Statement begin;
    private readonly Statement save;
    private readonly Statement commit;

    public SnapshotWriter(Writer writer, Tail tail, SnapshotQueue queue, SqliteOptions options)
    {
        this.writer = writer;
        this.tail = tail;
        this.queue = queue;
        this.options = options;
        begin = writer.Session.Database.Prepare("BEGIN IMMEDIATE");
        commit = writer.Session.Database.Prepare("COMMIT");
        save = writer.Session.Database.Prepare(
            "INSERT INTO snapshot (grain, version, content) VALUES (?1, ?2, ?3) ON CONFLICT (grain) DO UPDATE "
            + "SET version = excluded.version, content = excluded.content WHERE excluded.version > snapshot.version");
    }

    public void Write()
    {
        foreach (var piece in queue.Take().Chunk(options.SnapshotsPerPiece))
        {
            var covered = new List<Snapshot>(piece.Length);
            if (!writer.TryRun(() => Save(piece, covered)))
            {
                return;
            }

            foreach (var snapshot in covered)
            {
                tail.NoteSnapshot(snapshot.Grain, snapshot.Version);
                queue.Met(snapshot.Grain, snapshot.Version);
            }
        }
    }

    private void Save(Snapshot[] piece, List<Snapshot> covered)
    {
        covered.Clear();
        begin.Run();
        foreach (var snapshot in piece)
        {
            if (snapshot.Version <= Lookup.HeadOf(tail, snapshot.Grain, writer.Session).Version)
            {
                var content = SnapshotRow.Seal(snapshot.Grain, snapshot.Version, snapshot.State.Span);
                save.With(1, GrainKey.Bytes(snapshot.Grain)).With(2, snapshot.Version).With(3, content).Run();
                covered.Add(snapshot);
            }
        }

        commit.Run();
    }
}
