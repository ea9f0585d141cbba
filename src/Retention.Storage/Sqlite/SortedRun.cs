using System.Buffers.Binary;
using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// An immutable sorted list of (key, position) in blocks of one database page each. Its filter and the first key of
/// each block are in memory, so that a lookup reads at most one block, and for a new key none.
/// </summary>
internal sealed class SortedRun(RunPlace place, BloomFilter filter, UInt128[] firstKeys)
{
    public const int EntrySize = 22;
    public const int EntriesPerBlock = 184;

    public RunPlace Place { get; } = place;

    public BloomFilter Filter { get; } = filter;

    public bool MayHold(UInt128 key) => Filter.MayHold(key);

    /// <summary>The position kept under the key, or 0.</summary>
    public long Find(UInt128 key, Session session)
    {
        var at = Array.BinarySearch(firstKeys, key);
        at = at >= 0 ? at : ~at - 1;
        return at < 0 ? 0 : session.FindInBlock(Place.FirstBlock + at, key);
    }

    /// <summary>Looks a key up in the entries of one block.</summary>
    public static long Search(ReadOnlySpan<byte> entries, UInt128 key)
    {
        var (low, high) = (0, entries.Length / EntrySize - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var (found, position) = Entry(entries, middle);
            if (found == key)
            {
                return position;
            }

            (low, high) = found < key ? (middle + 1, high) : (low, middle - 1);
        }

        return 0;
    }

    public static (UInt128 Key, long Position) Entry(ReadOnlySpan<byte> entries, int index)
    {
        var entry = entries.Slice(index * EntrySize, EntrySize);
        return (
            BinaryPrimitives.ReadUInt128BigEndian(entry),
            ((long)BinaryPrimitives.ReadUInt16BigEndian(entry[16..]) << 32)
                | BinaryPrimitives.ReadUInt32BigEndian(entry[18..]));
    }

    public static void Put(Span<byte> entry, UInt128 key, long position)
    {
        BinaryPrimitives.WriteUInt128BigEndian(entry, key);
        BinaryPrimitives.WriteUInt16BigEndian(entry[16..], (ushort)(position >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(entry[18..], unchecked((uint)position));
    }
}

/// <summary>Where a run lies: its entry blocks, and after them the blocks of its filter and first keys.</summary>
internal sealed record RunPlace(long FirstBlock, int EntryBlocks, int FilterBlocks, long Count, int Level)
{
    public BlockRange Range => new(FirstBlock, EntryBlocks + FilterBlocks);
}

/// <summary>Neighbouring rows of the block table.</summary>
internal readonly record struct BlockRange(long First, long Count);
