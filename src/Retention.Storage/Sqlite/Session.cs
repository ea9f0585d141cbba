using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>A connection with the questions that are asked of it. Whatever it returns has passed its checksum.</summary>
internal sealed class Session : IDisposable
{
    private readonly Statement journalRow;
    private readonly Statement journalRange;
    private readonly Statement block;
    private readonly Statement snapshot;
    private readonly Statement begin;
    private readonly Statement end;
    private byte[] buffer = [];
    private ReadOnlyMemory<byte> openContent;
    private long openPosition;

    public Session(Database database)
    {
        Database = database;
        journalRow = database.Prepare("SELECT record FROM journal WHERE position = ?1");
        journalRange = database.Prepare(
            "SELECT position, record FROM journal WHERE position > ?1 ORDER BY position LIMIT ?2");
        block = database.Prepare("SELECT content FROM block WHERE id = ?1");
        snapshot = database.Prepare("SELECT version, content FROM snapshot WHERE grain = ?1");
        begin = database.Prepare("BEGIN");
        end = database.Prepare("COMMIT");
    }

    public Database Database { get; }

    /// <summary>
    /// Runs several questions over one state of the database. It is the state of the first question, so whatever is
    /// looked up in memory must be looked up before.
    /// </summary>
    public T Within<T>(Func<Session, T> questions)
    {
        begin.Run();
        try
        {
            return questions(this);
        }
        finally
        {
            end.Run();
        }
    }

    /// <summary>A row that must be there.</summary>
    public byte[] JournalRow(long position)
    {
        Find(position);
        var row = journalRow.Bytes(0).ToArray();
        journalRow.Reset();
        return row;
    }

    /// <summary>
    /// The same row as a cursor, in a buffer of the session's own: valid until the next one is opened. Rows never change,
    /// so the one that was opened last is not read again.
    /// </summary>
    public RecordCursor Open(long position)
    {
        if (openPosition != position)
        {
            openPosition = 0;
            Find(position);
            try
            {
                openContent = JournalCodec.Content(position, journalRow.Bytes(0), ref buffer);
            }
            finally
            {
                journalRow.Reset();
            }

            openPosition = position;
        }

        return new RecordCursor(position, openContent);
    }

    public JournalRecord Record(long position) => JournalCodec.Decode(position, JournalRow(position));

    /// <summary>Rows after the position; none may be missing between them.</summary>
    public IEnumerable<(long Position, byte[] Row)> Journal(long after, int limit)
    {
        journalRange.With(1, after).With(2, limit);
        try
        {
            for (var expected = after + 1; journalRange.Row(); expected++)
            {
                var position = journalRange.Number(0);
                if (position != expected)
                {
                    throw new StoreDamagedException($"Journal record {expected} is missing.");
                }

                yield return (position, journalRange.Bytes(1).ToArray());
            }
        }
        finally
        {
            journalRange.Reset();
        }
    }

    /// <summary>The manifest, which is there from the first start on.</summary>
    public Manifest Manifest()
    {
        using var manifest = Database.PrepareOnce("SELECT content FROM manifest WHERE id = 1");
        return manifest.Row()
            ? Sqlite.Manifest.Decode(manifest.Bytes(0))
            : throw new StoreDamagedException("The manifest of the index is missing.");
    }

    public long LastBlock() => Database.Number("SELECT max(id) FROM block");

    public long LastPosition() => Database.Number("SELECT max(position) FROM journal");

    /// <summary>The saved state of a grain; version 0 when there is none.</summary>
    public (long Version, ReadOnlyMemory<byte> State) Snapshot(GrainId grain)
    {
        var key = GrainKey.Bytes(grain);
        if (!snapshot.With(1, key).Row())
        {
            return (0, default);
        }

        var version = snapshot.Number(0);
        var content = snapshot.Bytes(1).ToArray();
        snapshot.Reset();
        return (version, SnapshotRow.Open(grain, version, content));
    }

    /// <summary>The position kept in a block of a run, or 0. A block that is gone says so: its run was merged away.</summary>
    public long FindInBlock(long id, UInt128 key)
    {
        if (!block.With(1, id).Row())
        {
            throw new BlockGoneException(id);
        }

        try
        {
            return SortedRun.Search(Blocks.Open(id, block.Bytes(0)), key);
        }
        finally
        {
            block.Reset();
        }
    }

    public byte[] Block(long id)
    {
        if (!block.With(1, id).Row())
        {
            throw new BlockGoneException(id);
        }

        try
        {
            return Blocks.Open(id, block.Bytes(0)).ToArray();
        }
        finally
        {
            block.Reset();
        }
    }

    public void Dispose() => Database.Dispose();

    private void Find(long position)
    {
        if (!journalRow.With(1, position).Row())
        {
            throw new StoreDamagedException($"Journal record {position} is missing.");
        }
    }
}
