using System.Security.Cryptography;
using System.Text;

namespace Retention.Domain.Links;

/// <summary>
/// What a customer takes from one brand to the other: "lnk.", the agreement's id, and 160 random bits in hex. It names
/// nobody; the agreement keeps its hash.
/// </summary>
public static class LinkToken
{
    public const int SecretBytes = 20;
    public const int LengthMax = 128;

    private const string Prefix = "lnk.";
    private const int SecretLength = SecretBytes * 2;

    public static string Of(string agreementId, ReadOnlySpan<byte> secret) =>
        $"{Prefix}{agreementId}.{Convert.ToHexStringLower(secret)}";

    /// <summary>The agreement that the token names; null when it is no token.</summary>
    public static string? AgreementId(string token)
    {
        var length = token.Length - Prefix.Length - SecretLength - 1;
        return length > 0 && token.StartsWith(Prefix, StringComparison.Ordinal) && token[Prefix.Length + length] == '.'
            ? token.Substring(Prefix.Length, length)
            : null;
    }

    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>Names the link that the token makes.</summary>
    public static string LinkId(string hash) => "link_" + hash[..24];
}
