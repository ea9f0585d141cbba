using System.Buffers.Binary;

namespace Retention.Storage.Sqlite;

/// <summary>Turns ascending keys into the blocks of a run. Finished blocks are taken away while it goes on.</summary>
internal sealed class RunBuilder
{
    private readonly long firstBlock;
    private readonly int level;
    private readonly BloomFilter filter;
    private readonly List<UInt128> firstKeys = [];
    private readonly byte[] entries = new byte[SortedRun.EntriesPerBlock * SortedRun.EntrySize];
    private int used;
    private long count;

    /// <param name="firstBlock">Id of the run's first block.</param>
    /// <param name="expected">At least as many entries as will be added.</param>
    public RunBuilder(long firstBlock, long expected, int level, int bitsPerKey)
    {
        this.firstBlock = firstBlock;
        this.level = level;
        filter = new BloomFilter(expected, bitsPerKey);
    }

    /// <summary>Blocks that can be written.</summary>
    public List<StoredBlock> Ready { get; } = [];

    /// <summary>Block ids that a run of so many entries takes at most.</summary>
    public static long BlocksOf(long entries, int bitsPerKey)
    {
        var entryBlocks = EntryBlocks(entries);
        var filterBytes = BloomFilter.SizeOf(entries, bitsPerKey) + sizeof(long) + (entryBlocks * 16);
        return entryBlocks + (filterBytes / Blocks.LargeSize) + 1;
    }

    public void Add(UInt128 key, long position)
    {
        if (used == 0)
        {
            firstKeys.Add(key);
        }

        SortedRun.Put(entries.AsSpan(used, SortedRun.EntrySize), key, position);
        filter.Add(key);
        used += SortedRun.EntrySize;
        count++;
        if (used == entries.Length)
        {
            Close();
        }
    }

    public SortedRun Finish()
    {
        Close();
        var entryBlocks = firstKeys.Count;
        var summary = Summary();
        var id = firstBlock + entryBlocks;
        foreach (var part in summary.Chunk(Blocks.LargeSize))
        {
            Ready.Add(new StoredBlock(id, Blocks.Seal(id, part)));
            id++;
        }

        var place = new RunPlace(firstBlock, entryBlocks, (int)(id - firstBlock - entryBlocks), count, level);
        return new SortedRun(place, filter, [.. firstKeys]);
    }

    /// <summary>Brings a run's filter and first keys back into memory.</summary>
    public static SortedRun Load(RunPlace place, Session session)
    {
        using var summary = new MemoryStream();
        for (var block = 0; block < place.FilterBlocks; block++)
        {
            summary.Write(session.Block(place.FirstBlock + place.EntryBlocks + block));
        }

        var bytes = summary.GetBuffer().AsSpan(0, (int)summary.Length);
        var filterSize = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        var firstKeys = new UInt128[place.EntryBlocks];
        for (var index = 0; index < firstKeys.Length; index++)
        {
            firstKeys[index] = BinaryPrimitives.ReadUInt128BigEndian(bytes[(sizeof(long) + filterSize + (index * 16))..]);
        }

        return new SortedRun(place, new BloomFilter(bytes.Slice(sizeof(long), filterSize)), firstKeys);
    }

    private static long EntryBlocks(long entries) =>
        (entries + SortedRun.EntriesPerBlock - 1) / SortedRun.EntriesPerBlock;

    private void Close()
    {
        if (used > 0)
        {
            var id = firstBlock + firstKeys.Count - 1;
            Ready.Add(new StoredBlock(id, Blocks.Seal(id, entries.AsSpan(0, used))));
            used = 0;
        }
    }

    private byte[] Summary()
    {
        var bytes = new byte[sizeof(long) + filter.Bytes.Length + (firstKeys.Count * 16)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, filter.Bytes.Length);
        filter.Bytes.CopyTo(bytes.AsSpan(sizeof(long)));
        for (var index = 0; index < firstKeys.Count; index++)
        {
            BinaryPrimitives.WriteUInt128BigEndian(
                bytes.AsSpan(sizeof(long) + filter.Bytes.Length + (index * 16)), firstKeys[index]);
        }

        return bytes;
    }
}

/// <summary>A block as it goes into its table.</summary>
internal readonly record struct StoredBlock(long Id, byte[] Content);
