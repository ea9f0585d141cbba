using System.Buffers.Binary;
using System.Numerics;

namespace Retention.Storage.Sqlite;

/// <summary>CRC32C (RFC 3720) over a place and what stands there, so that bytes at the wrong place do not match either.</summary>
internal static class Checksum
{
    public const int Size = 4;

    public static uint Of(long place, ReadOnlySpan<byte> content)
    {
        var crc = BitOperations.Crc32C(uint.MaxValue, unchecked((ulong)place));
        while (content.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(content));
            content = content[sizeof(ulong)..];
        }

        foreach (var rest in content)
        {
            crc = BitOperations.Crc32C(crc, rest);
        }

        return ~crc;
    }

    /// <summary>Whether the last four bytes are the checksum of those before them.</summary>
    public static bool Holds(long place, ReadOnlySpan<byte> sealedContent) =>
        sealedContent.Length >= Size
        && BinaryPrimitives.ReadUInt32LittleEndian(sealedContent[^Size..]) == Of(place, sealedContent[..^Size]);
}
