using System.Security.Cryptography;
using System.Text;
using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// One key per person, in a file of its own beside the journal: what is destroyed here is gone, whatever copies of
/// the journal exist. Rows are named by hashes and wrapped under the master key of the directory, which stands in a
/// file that only its owner reads. Calls wait for each other: this is not the way of a purchase.
/// </summary>
public sealed class SqlitePersonKeys : IDisposable
{
    public const string FileName = "keys.db";
    public const string MasterFileName = "master.key";

    private const int KeyLength = 32;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int CacheKilobytes = 1024;
    private const int WritesPerCheckpoint = 1000;

    private readonly SemaphoreSlim turn = new(1);
    private readonly Database database;
    private readonly AesGcm master;
    private readonly Statement find;
    private readonly Statement add;
    private readonly Statement remove;
    private int writes;

    private SqlitePersonKeys(Database database, byte[] masterKey)
    {
        this.database = database;
        master = new AesGcm(masterKey, TagLength);
        find = database.Prepare("SELECT wrapped FROM person_key WHERE id = ?1");
        add = database.Prepare("INSERT INTO person_key (id, wrapped) VALUES (?1, ?2)");
        remove = database.Prepare("DELETE FROM person_key WHERE id = ?1");
    }

    /// <summary>Opens or creates. The directory is locked by the grain store that is opened before.</summary>
    public static SqlitePersonKeys Open(string directory)
    {
        var path = Path.Combine(directory, FileName);
        var masterPath = Path.Combine(directory, MasterFileName);
        if (File.Exists(path) && !File.Exists(masterPath))
        {
            throw new StoreDamagedException($"{FileName} is there but {MasterFileName} is not: no profile can be read.");
        }

        var masterKey = File.Exists(masterPath) ? ReadMaster(masterPath) : WriteMaster(masterPath);
        var database = Database.OpenWriter(path, CacheKilobytes);
        database.Run("PRAGMA secure_delete=ON");
        database.Run("CREATE TABLE IF NOT EXISTS person_key (id BLOB PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID");
        OwnerOnly(path);
        return new SqlitePersonKeys(database, masterKey);
    }

    /// <summary>The person's key; it is durable before it is given.</summary>
    public async ValueTask<byte[]> GetOrCreateAsync(string tenantId, string customerId, CancellationToken stop)
    {
        await turn.WaitAsync(stop);
        try
        {
            var id = RowOf(tenantId, customerId);
            if (Find(id) is { } known) return known;

            var key = RandomNumberGenerator.GetBytes(KeyLength);
            add.With(1, id).With(2, Wrap(id, key)).Run();
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
            return Find(RowOf(tenantId, customerId));
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
            remove.With(1, RowOf(tenantId, customerId)).Run();
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

    public void Dispose()
    {
        database.Dispose();
        master.Dispose();
        turn.Dispose();
    }

    private static byte[] RowOf(string tenantId, string customerId) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{tenantId}\0{customerId}"));

    private byte[]? Find(byte[] id)
    {
        if (!find.With(1, id).Row()) return null;

        var wrapped = find.Bytes(0).ToArray();
        find.Reset();
        return Unwrap(id, wrapped);
    }

    private byte[] Wrap(byte[] id, byte[] key)
    {
        var wrapped = new byte[NonceLength + KeyLength + TagLength];
        var nonce = wrapped.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        master.Encrypt(
            nonce, key, wrapped.AsSpan(NonceLength, KeyLength), wrapped.AsSpan(NonceLength + KeyLength), id);
        return wrapped;
    }

    private byte[] Unwrap(byte[] id, byte[] wrapped)
    {
        if (wrapped.Length != NonceLength + KeyLength + TagLength) throw Damaged();

        var key = new byte[KeyLength];
        try
        {
            master.Decrypt(
                wrapped.AsSpan(0, NonceLength),
                wrapped.AsSpan(NonceLength, KeyLength),
                wrapped.AsSpan(NonceLength + KeyLength),
                key,
                id);
        }
        catch (AuthenticationTagMismatchException)
        {
            throw Damaged();
        }

        return key;
    }

    private static byte[] ReadMaster(string path)
    {
        var key = new byte[KeyLength];
        return Convert.TryFromBase64String(File.ReadAllText(path).Trim(), key, out var length) && length == KeyLength
            ? key
            : throw new StoreDamagedException($"{MasterFileName} is not a key of {KeyLength} bytes in base64.");
    }

    // Renamed into place when it is on the disk: a file that is there is whole.
    private static byte[] WriteMaster(string path)
    {
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(path + ".new", options))
        {
            file.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(key) + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
        return key;
    }

    private static void OwnerOnly(string path)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static StoreDamagedException Damaged() =>
        new($"A person's key does not open under {MasterFileName}: one of the two files is not the other's.");
}
