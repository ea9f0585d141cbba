using System.Security.Cryptography;
using System.Text.Json;

namespace Retention.Server.Import;

/// <summary>
/// How far an import came, beside the file until it is whole. It saves time only: a row sent twice is one purchase.
/// </summary>
/// <param name="File">Digest of the file's length and start, so that another file of the same name begins anew.</param>
/// <param name="Rows">So many rows from the start were answered.</param>
/// <param name="LastSource">Names the last recorded purchase: a server that does not know it begins anew.</param>
public sealed record ImportCheckpoint(
    string File, string TenantId, string Format, long Rows, long Recorded, long Refused, long Millipoints,
    string LastSource, string LastPurchaseId, string LastBrandId)
{
    public static ImportCheckpoint? Read(string path, string file, string tenantId, string format)
    {
        try
        {
            var checkpoint = JsonSerializer.Deserialize<ImportCheckpoint>(System.IO.File.ReadAllBytes(path));
            return checkpoint is { Rows: > 0 }
                && checkpoint.File == file
                && checkpoint.TenantId == tenantId
                && checkpoint.Format == format
                    ? checkpoint
                    : null;
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Replaces the checkpoint whole: a crash leaves the old one or the new one.</summary>
    public void Write(string path)
    {
        var beside = path + ".new";
        System.IO.File.WriteAllBytes(beside, JsonSerializer.SerializeToUtf8Bytes(this));
        System.IO.File.Move(beside, path, overwrite: true);
    }

    public static string DigestOf(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Span<byte> start = new byte[64 * 1024];
        var length = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return $"{file.Length}:{Convert.ToHexStringLower(SHA256.HashData(start[..length]))}";
    }
}
