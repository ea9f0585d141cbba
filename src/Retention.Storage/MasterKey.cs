using System.Security.Cryptography;
using System.Text;
using Retention.Engine.Ports;

namespace Retention.Storage;

/// <summary>The key under which persons' keys are wrapped. It stands in a file that only its owner reads.</summary>
internal sealed class MasterKey : IDisposable
{
    public const string FileName = "master.key";
    public const int KeyLength = 32;

    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly AesGcm master;

    private MasterKey(byte[] key) => master = new AesGcm(key, TagLength);

    public static bool IsIn(string directory) => File.Exists(Path.Combine(directory, FileName));

    public static MasterKey Open(string directory) => new(Read(Path.Combine(directory, FileName)));

    public static MasterKey Create(string directory) => new(Write(Path.Combine(directory, FileName)));

    /// <summary>What a person's row is named by.</summary>
    public static byte[] RowOf(string tenantId, string customerId) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{tenantId}\0{customerId}"));

    public byte[] Wrap(byte[] id, byte[] key)
    {
        var wrapped = new byte[NonceLength + KeyLength + TagLength];
        var nonce = wrapped.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        master.Encrypt(
            nonce, key, wrapped.AsSpan(NonceLength, KeyLength), wrapped.AsSpan(NonceLength + KeyLength), id);
        return wrapped;
    }

    public byte[] Unwrap(byte[] id, byte[] wrapped)
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

    public void Dispose() => master.Dispose();

    private static byte[] Read(string path)
    {
        var key = new byte[KeyLength];
        return Convert.TryFromBase64String(File.ReadAllText(path).Trim(), key, out var length) && length == KeyLength
            ? key
            : throw new StoreDamagedException($"{FileName} is not a key of {KeyLength} bytes in base64.");
    }

    // Renamed into place when it is on the disk: a file that is there is whole.
    private static byte[] Write(string path)
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

    private static StoreDamagedException Damaged() =>
        new($"A person's key does not open under {FileName}: one of the two is not the other's.");
}
