using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>The content of a row of the block table: bytes and their checksum over the row's id.</summary>
internal static class Blocks
{
    /// <summary>Payload of the larger blocks, which hold filters and change logs.</summary>
    public const int LargeSize = 32 * 1024;

    public static byte[] Seal(long id, ReadOnlySpan<byte> payload)
    {
        var content = new byte[payload.Length + Checksum.Size];
        payload.CopyTo(content);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(
            content.AsSpan(payload.Length), Checksum.Of(id, payload));
        return content;
    }

    public static ReadOnlySpan<byte> Open(long id, ReadOnlySpan<byte> content) => Checksum.Holds(id, content)
        ? content[..^Checksum.Size]
        : throw new StoreDamagedException($"Index block {id} is not what was written.");
}

/// <summary>A block that a lookup went for is not there. Not damage where the index was replaced meanwhile.</summary>
internal sealed class BlockGoneException(long id) : StoreDamagedException($"Index block {id} is missing.");

/// <summary>The content of a snapshot row: the state and a checksum over grain, version and state.</summary>
internal static class SnapshotRow
{
    public static byte[] Seal(GrainId grain, long version, ReadOnlySpan<byte> state) =>
        Blocks.Seal(Place(grain, version), state);

    public static ReadOnlyMemory<byte> Open(GrainId grain, long version, byte[] content) =>
        Checksum.Holds(Place(grain, version), content)
            ? content.AsMemory(0, content.Length - Checksum.Size)
            : throw new StoreDamagedException($"The snapshot of {grain} is not what was written.");

    private static long Place(GrainId grain, long version) =>
        version ^ ((long)Checksum.Of(version, GrainKey.Bytes(grain)) << 31);
}
