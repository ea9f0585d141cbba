using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Makes the bytes of journal rows, one after the other in the same buffers: the format, the content, packed where that
/// is shorter, and the checksum over both. Used by one thread.
/// </summary>
internal sealed class JournalRow
{
    private readonly ByteWriter content = new();
    private readonly ByteWriter row = new();
    private readonly Packing packing = new();

    /// <summary>Valid until the next row.</summary>
    public ReadOnlySpan<byte> Written => row.Written;

    public int Length => row.Length;

    public void Encode(long position, Commit commit, ReadOnlySpan<Head> before)
    {
        content.Clear();
        JournalCodec.EncodeContent(content, position, commit, before);
        row.Clear();
        row.Byte(JournalCodec.Packed);
        row.Number(content.Length);
        if (!packing.TryPack(content.Written, row))
        {
            row.Clear();
            row.Byte(JournalCodec.Plain);
            row.Raw(content.Written);
        }

        row.Seal(position);
    }
}
