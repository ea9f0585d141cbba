using System.Buffers.Text;
using System.Text;

namespace Retention.Server.Rpc;

/// <summary>
/// Where a page ended, opaque to the caller. It holds a key of the caller's own list and nothing else, so that a forged
/// one can show nothing that a page would not.
/// </summary>
public static class PageToken
{
    private const int LengthMax = 512;

    public static string Write(string? after) =>
        after is null ? "" : Base64Url.EncodeToString(Encoding.UTF8.GetBytes(after));

    /// <summary>Null for the first page.</summary>
    public static string? Read(string token, string field = "page_token")
    {
        if (token.Length == 0) return null;
        if (token.Length > LengthMax || !Base64Url.IsValid(token)) throw RequestField.Invalid(field, "as_returned");
        return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token));
    }
}
