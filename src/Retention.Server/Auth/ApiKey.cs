using System.Buffers;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Retention.Server.Auth;

/// <summary>
/// <c>rsk_live_{12 id}_{52 secret}_{8 checksum}</c>. The id finds the credential, the secret holds 256 random bits, the
/// checksum (CRC-32C, hex) lets clients and secret scanners see a typing error without asking anyone.
/// </summary>
public sealed record ApiKey(string CredentialId, string Secret)
{
    private const string Prefix = "rsk_live_";
    private const string CredentialPrefix = "cred_";
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int IdLength = 12;
    private const int SecretLength = 52;
    private const int ChecksumLength = 8;

    private static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);

    private static readonly int Length = Prefix.Length + IdLength + 1 + SecretLength + 1 + ChecksumLength;

    /// <summary>What is stored: SHA-256 of the secret, base64. With 256 random bits a slow hash adds nothing.</summary>
    public string Digest => Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(Secret)));

    /// <summary>The credential of a request is named after it, so that every retry names the same.</summary>
    public static ApiKey ForRequest(string tenantId, string requestId, int index) =>
        New(SHA256.HashData(Encoding.UTF8.GetBytes($"credential\0{tenantId}\0{requestId}\0{index}")));

    public static ApiKey Random() => New(RandomNumberGenerator.GetBytes(32));

    /// <summary>A new secret for a credential that exists.</summary>
    public static ApiKey ForCredential(string credentialId) => new(credentialId, NewSecret());

    /// <summary>Null where the text is not a key: wrong shape or wrong checksum.</summary>
    public static ApiKey? Parse(ReadOnlySpan<char> text)
    {
        if (text.Length != Length || !text.StartsWith(Prefix)) return null;
        var id = text.Slice(Prefix.Length, IdLength);
        var secret = text.Slice(Prefix.Length + IdLength + 1, SecretLength);
        var isWhole = text[Prefix.Length + IdLength] == '_'
            && text[^(ChecksumLength + 1)] == '_'
            && !id.ContainsAnyExcept(Letters)
            && !secret.ContainsAnyExcept(Letters)
            && text[^ChecksumLength..].SequenceEqual(Checksum(text[..^(ChecksumLength + 1)]));
        return isWhole ? new ApiKey($"{CredentialPrefix}{id}", secret.ToString()) : null;
    }

    /// <summary>Whether the secret is the one whose digest is given, in a time that does not depend on where they differ.</summary>
    public bool Matches(string digest) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(digest), Encoding.ASCII.GetBytes(Digest));

    /// <summary>The key as its owner keeps it.</summary>
    public string Reveal()
    {
        var text = $"{Prefix}{CredentialId.AsSpan(CredentialPrefix.Length)}_{Secret}";
        return $"{text}_{Checksum(text)}";
    }

    public override string ToString() => CredentialId;

    private static ApiKey New(ReadOnlySpan<byte> seed) =>
        new($"{CredentialPrefix}{Encode(seed, IdLength)}", NewSecret());

    private static string NewSecret() => Encode(RandomNumberGenerator.GetBytes(32), SecretLength);

    // Five bits a character, most significant first; the last one is filled up with zeros.
    private static string Encode(ReadOnlySpan<byte> bytes, int length)
    {
        Span<char> text = stackalloc char[length];
        for (var index = 0; index < length; index++)
        {
            var bit = index * 5;
            var high = bytes[bit / 8] << 8;
            var low = bit / 8 + 1 < bytes.Length ? bytes[bit / 8 + 1] : 0;
            text[index] = Alphabet[((high | low) >> (11 - bit % 8)) & 31];
        }

        return text.ToString();
    }

    private static string Checksum(ReadOnlySpan<char> text)
    {
        var crc = uint.MaxValue;
        foreach (var character in text)
        {
            crc = BitOperations.Crc32C(crc, unchecked((byte)character));
        }

        return (~crc).ToString("x8");
    }
}
