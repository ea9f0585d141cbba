using System.Buffers.Binary;
using System.Text;

namespace Retention.Faults.Disk;

internal enum DiskStep : byte
{
    Create = 1,
    Write,
    Sync,
    Truncate,
    Unlink,
    Rename,
    DirectorySync,
    Mark,
}

/// <summary>One thing done to the disk.</summary>
/// <param name="EndsAt">Length of the log with this record.</param>
/// <param name="Number">Offset of a write, length of a truncation, number of a mark.</param>
internal readonly record struct DiskRecord(
    DiskStep Step, long EndsAt, long Number, ulong Inode, string Name, ReadOnlyMemory<byte> Bytes);

/// <summary>What disk.c wrote down.</summary>
internal static class DiskLog
{
    private const int HeadBytes = 24;

    public static IReadOnlyList<DiskRecord> Read(string path)
    {
        var log = File.ReadAllBytes(path);
        var records = new List<DiskRecord>();
        for (var at = 0; at + HeadBytes <= log.Length;)
        {
            var head = log.AsSpan(at, HeadBytes);
            var name = BinaryPrimitives.ReadUInt16LittleEndian(head[2..]);
            var count = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
            var end = at + HeadBytes + name + count;

            // The last record of a killed process may be cut short.
            if (end > log.Length) break;
            records.Add(new DiskRecord(
                (DiskStep)head[0], end, BinaryPrimitives.ReadInt64LittleEndian(head[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(head[16..]),
                Encoding.UTF8.GetString(log, at + HeadBytes, name), log.AsMemory(at + HeadBytes + name, count)));
            at = end;
        }

        return records;
    }
}
