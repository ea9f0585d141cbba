using System.Security.Cryptography;
using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// One key per person, in a file of its own beside the journal: what is destroyed here is gone, whatever copies of
/// the journal exist. Rows are named by hashes and wrapped under the master key of the directory, which stands in a
/// file that only its owner reads. Calls wait for each other: this is not the way of a purchase.
/// </summary>
public sealed class SqlitePersonKeys : IPersonKeyStore
{
    public const string FileName = "keys.db";
    public const string MasterFileName = MasterKey.FileName;

    private const int CacheKilobytes = 1024;
    private const int WritesPerCheckpoint = 1000;

    private readonly SemaphoreSlim turn = new(1);
    private readonly Database database;
    private readonly MasterKey master;
    private readonly Statement find;
    private readonly Statement add;
    private readonly Statement remove;
    private int writes;

    private SqlitePersonKeys(Database database, MasterKey master)
    {
        this.database = database;
        this.master = master;
        find = database.Prepare("SELECT wrapped FROM person_key WHERE id = ?1");
        add = database.Prepare("INSERT INTO person_key (id, wrapped) VALUES (?1, ?2)");
        remove = database.Prepare("DELETE FROM person_key WHERE id = ?1");
    }

    /// <summary>Opens or creates. The directory is locked by the grain store that is opened before.</summary>
    public static SqlitePersonKeys Open(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (File.Exists(path) && !MasterKey.IsIn(directory))
        {
            throw new StoreDamagedException($"{FileName} is there but {MasterFileName} is not: no profile can be read.");
        }

        var master = MasterKey.IsIn(directory) ? MasterKey.Open(directory) : MasterKey.Create(directory);
        var database = Database.OpenWriter(path, CacheKilobytes);
        database.Run("PRAGMA secure_delete=ON");
        database.Run("CREATE TABLE IF NOT EXISTS person_key (id BLOB PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID");
        OwnerOnly(path);
        return new SqlitePersonKeys(database, master);
    }

    /// <summary>The person's key; it is durable before it is given.</summary>
    public async ValueTask<byte[]> GetOrCreateAsync(string tenantId, string customerId, CancellationToken stop)
    {
        await turn.WaitAsync(stop);
        try
        {
            var id = MasterKey.RowOf(tenantId, customerId);
            if (Find(id) is { } known) return known;

            var key = RandomNumberGenerator.GetBytes(MasterKey.KeyLength);
            add.With(1, id).With(2, master.Wrap(id, key)).Run();
            if (++writes % WritesPerCheckpoint == 0) database.Checkpoint(truncate: false, out _);
            return key;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Null when the person never had a key or it is destroyed.</summary>
    public async ValueTask<byte[]?> FindAsync(string tenantId, string customerId, CancellationToken stop)
    {
        await turn.WaitAsync(stop);
        try
        {
            return Find(MasterKey.RowOf(tenantId, customerId));
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>When it returns, the key is overwritten in the file and gone from the log.</summary>
    public async ValueTask DestroyAsync(string tenantId, string customerId, CancellationToken stop)
    {
        await turn.WaitAsync(stop);
        try
        {
            remove.With(1, MasterKey.RowOf(tenantId, customerId)).Run();
            if (!database.Checkpoint(truncate: true, out _))
            {
                throw new IOException("The log of the person keys could not be emptied.");
            }
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>All keys as they are wrapped, for a move to another store.</summary>
    public IEnumerable<(byte[] Id, byte[] Key)> Wrapped()
    {
        using var rows = database.Prepare("SELECT id, wrapped FROM person_key");
        while (rows.Row())
        {
            yield return (rows.Bytes(0).ToArray(), rows.Bytes(1).ToArray());
        }
    }

    public void Dispose()
    {
        database.Dispose();
        master.Dispose();
        turn.Dispose();
    }

    private byte[]? Find(byte[] id)
    {
        if (!find.With(1, id).Row()) return null;

        var wrapped = find.Bytes(0).ToArray();
        find.Reset();
        return master.Unwrap(id, wrapped);
    }

    private static void OwnerOnly(string path)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
