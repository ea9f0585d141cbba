using System.Security.Cryptography;
using System.Text;
using Retention.Storage;

namespace Retention.Server.Persons;

/// <summary>AES-256-GCM under the keys that the storage keeps. A text is nonce, cipher and tag.</summary>
public sealed class PersonKeys(IPersonKeyStore keys) : IPersonKeys
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    public async ValueTask<string> SealAsync(
        PersonId person, string purpose, ReadOnlyMemory<byte> plain, CancellationToken stop)
    {
        var key = await keys.GetOrCreateAsync(person.TenantId, person.CustomerId, stop);
        var text = new byte[NonceLength + plain.Length + TagLength];
        var nonce = text.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(key, TagLength);
        cipher.Encrypt(
            nonce,
            plain.Span,
            text.AsSpan(NonceLength, plain.Length),
            text.AsSpan(NonceLength + plain.Length),
            Bound(person, purpose));
        return Convert.ToBase64String(text);
    }

    public async ValueTask<byte[]?> OpenAsync(PersonId person, string purpose, string text, CancellationToken stop)
    {
        if (await keys.FindAsync(person.TenantId, person.CustomerId, stop) is not { } key) return null;

        var bytes = Convert.FromBase64String(text);
        var plain = new byte[bytes.Length - NonceLength - TagLength];
        using var cipher = new AesGcm(key, TagLength);
        cipher.Decrypt(
            bytes.AsSpan(0, NonceLength),
            bytes.AsSpan(NonceLength, plain.Length),
            bytes.AsSpan(NonceLength + plain.Length),
            plain,
            Bound(person, purpose));
        return plain;
    }

    public ValueTask DestroyAsync(PersonId person, CancellationToken stop) =>
        keys.DestroyAsync(person.TenantId, person.CustomerId, stop);

    private static byte[] Bound(PersonId person, string purpose) =>
        Encoding.UTF8.GetBytes($"{person.TenantId}\0{person.CustomerId}\0{purpose}");
}
