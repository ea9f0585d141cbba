using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Reads the rows of a data directory one by one as they lie there, without index or recovery, so that a damaged
/// row is told of and the rest is still read. For audits; no server may work in the directory meanwhile.
/// </summary>
public sealed class StoreScan : IStoreScan
{
    private const string FileName = "retention.db";
    private readonly DirectoryLock? directoryLock;
    private readonly Database database;

    private StoreScan(DirectoryLock? directoryLock, Database database)
    {
        this.directoryLock = directoryLock;
        this.database = database;
    }

    /// <summary>Position of the last journal row.</summary>
    public long LastPosition => database.Number("SELECT max(position) FROM journal");

    /// <summary>Of the database's pages.</summary>
    public long Bytes => database.Number("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");

    public static bool IsStore(string directory) => File.Exists(Path.Combine(directory, FileName));

    /// <summary>Throws StoreInUseException while another process holds the directory.</summary>
    /// <param name="isLocked">Whether a store that this process opened for reading holds the directory already.</param>
    public static StoreScan Open(string directory, bool isLocked)
    {
        var directoryLock = isLocked ? null : DirectoryLock.TakeIfPresent(directory);
        try
        {
            var database = Database.OpenReader(Path.Combine(directory, FileName), cacheKilobytes: 4 * 1024);
            try
            {
                Schema.Require(database, directory);
                return new StoreScan(directoryLock, database);
            }
            catch
            {
                database.Dispose();
                throw;
            }
        }
        catch (SqliteFailure failure)
        {
            directoryLock?.Dispose();
            throw failure.AsRead();
        }
        catch
        {
            directoryLock?.Dispose();
            throw;
        }
    }

    /// <summary>Every journal row, in order. A gap counts as one damaged row at each missing position.</summary>
    public IEnumerable<ScannedCommit> Journal()
    {
        using var rows = database.Prepare("SELECT position, record FROM journal ORDER BY position");
        var expected = 1L;
        while (Next(rows))
        {
            var position = rows.Number(0);
            for (; expected < position; expected++)
            {
                yield return new ScannedCommit(expected, null, $"Journal record {expected} is missing.");
            }

            yield return Commit(position, rows.Bytes(1).ToArray());
            expected = position + 1;
        }
    }

    /// <summary>What the journal writes to grains of one part, in order. Damaged rows are left out.</summary>
    public IEnumerable<(long Position, GrainWrite Write)> Writes(StorePart part)
    {
        using var rows = database.Prepare("SELECT position, record FROM journal ORDER BY position");
        while (Next(rows))
        {
            var position = rows.Number(0);
            foreach (var write in Writes(position, rows.Bytes(1).ToArray(), part))
            {
                yield return (position, write);
            }
        }
    }

    /// <summary>Every saved state.</summary>
    public IEnumerable<ScannedSnapshot> Snapshots()
    {
        using var rows = database.Prepare("SELECT grain, version, content FROM snapshot");
        while (Next(rows))
        {
            yield return Snapshot(rows.Bytes(0).ToArray(), rows.Number(1), rows.Bytes(2).ToArray());
        }
    }

    public void Dispose()
    {
        database.Dispose();
        directoryLock?.Dispose();
    }

    private static bool Next(Statement rows)
    {
        try
        {
            return rows.Row();
        }
        catch (SqliteFailure failure)
        {
            throw failure.AsRead();
        }
    }

    private static ScannedCommit Commit(long position, byte[] row)
    {
        try
        {
            return new ScannedCommit(position, JournalCodec.Decode(position, row), "");
        }
        catch (StoreDamagedException damage)
        {
            return new ScannedCommit(position, null, damage.Message);
        }
    }

    private static List<GrainWrite> Writes(long position, byte[] row, StorePart part)
    {
        try
        {
            return JournalCodec.Decode(position, row, part);
        }
        catch (StoreDamagedException)
        {
            return [];
        }
    }

    internal static ScannedSnapshot Snapshot(byte[] key, long version, byte[] content)
    {
        var grain = GrainKey.Parse(key);
        try
        {
            return new ScannedSnapshot(grain, version, SnapshotRow.Open(grain, version, content), "");
        }
        catch (StoreDamagedException damage)
        {
            return new ScannedSnapshot(grain, version, default, damage.Message);
        }
    }
}
