using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Finds damage inside a write-ahead log, which SQLite takes for its end: it would go on without the commits behind it, and
/// nobody would know that acknowledged ones are gone. What a power cut leaves is told apart by this: a commit is synced
/// before the next one is written, so only the last transaction of a log can be torn. Damage in that one looks the same
/// and cannot be found. (The format: https://sqlite.org/fileformat2.html#walformat.)
/// </summary>
internal static class LogCheck
{
    private const int HeadBytes = 32;
    private const int FrameHeadBytes = 24;
    private const uint Magic = 0x377f0682;

    /// <summary>Throws where commits that were synced cannot be read any more.</summary>
    public static void Require(string logPath)
    {
        var log = File.Exists(logPath) ? File.ReadAllBytes(logPath) : [];
        if (log.Length >= HeadBytes + FrameHeadBytes && IsDamaged(log))
        {
            throw new StoreDamagedException($"The log {Path.GetFileName(logPath)} is damaged before its end.");
        }
    }

    internal static bool IsDamaged(ReadOnlySpan<byte> log)
    {
        var head = log[..HeadBytes];
        var isBigEndian = (Word(head, 0) & 1) != 0;
        var frameBytes = FrameHeadBytes + (int)Word(head, 8);
        if (!IsHead(head) || frameBytes is < FrameHeadBytes + 512 or > FrameHeadBytes + 65536)
        {
            return IsHeadDamaged(head, log.Slice(HeadBytes, FrameHeadBytes));
        }

        var sum = Sum(default, head[..24], isBigEndian);
        var at = HeadBytes;
        for (; at + frameBytes <= log.Length; at += frameBytes)
        {
            var frame = log.Slice(at, frameBytes);
            var after = Sum(Sum(sum, frame[..8], isBigEndian), frame[FrameHeadBytes..], isBigEndian);
            if (!IsOf(head, frame) || after != (Word(frame, 16), Word(frame, 20)))
            {
                break;
            }

            sum = after;
        }

        // The first frame that does not hold. Where a commit stands behind it, and anything behind that, it was synced.
        var isCommitted = false;
        for (; at + FrameHeadBytes <= log.Length; at += frameBytes)
        {
            var frame = log.Slice(at, FrameHeadBytes);
            if (!IsOf(head, frame))
            {
                continue;
            }

            if (isCommitted)
            {
                return true;
            }

            isCommitted = Word(frame, 4) != 0;
        }

        return false;
    }

    private static bool IsHead(ReadOnlySpan<byte> head) =>
        (Word(head, 0) & ~1u) == Magic
        && Sum(default, head[..24], (Word(head, 0) & 1) != 0) == (Word(head, 24), Word(head, 28));

    /// <summary>
    /// A head that does not hold is one whose writing was cut, when the frames are an older log's, which the database has
    /// already. It is damaged when the first frame is its own.
    /// </summary>
    private static bool IsHeadDamaged(ReadOnlySpan<byte> head, ReadOnlySpan<byte> frame)
    {
        if (Word(head, 16) != Word(frame, 8) && Word(head, 20) != Word(frame, 12))
        {
            return false;
        }

        // Cut in the middle, the new head's beginning stands before the old one's rest: then the old one is whole.
        Span<byte> older = stackalloc byte[HeadBytes];
        head.CopyTo(older);
        BinaryPrimitives.WriteUInt32BigEndian(older[12..], unchecked(Word(head, 12) - 1));
        frame.Slice(8, 8).CopyTo(older[16..]);
        return !IsHead(older);
    }

    private static bool IsOf(ReadOnlySpan<byte> head, ReadOnlySpan<byte> frame) => frame.Slice(8, 8).SequenceEqual(head.Slice(16, 8));

    private static (uint, uint) Sum((uint First, uint Second) sum, ReadOnlySpan<byte> bytes, bool isBigEndian)
    {
        var (first, second) = sum;
        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        unchecked
        {
            for (var index = 0; index < words.Length; index += 2)
            {
                first += Ordered(words[index], isBigEndian) + second;
                second += Ordered(words[index + 1], isBigEndian) + first;
            }
        }

        return (first, second);
    }

    private static uint Ordered(uint word, bool isBigEndian) =>
        isBigEndian == BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(word) : word;

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
}
