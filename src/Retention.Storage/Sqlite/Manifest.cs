using System.Collections.Immutable;
using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// The one row that says how far the index goes and which blocks make it up. It changes in one transaction with the
/// blocks it starts to name. Blocks that it does not name are left-overs of work that was cut short.
/// </summary>
internal sealed record Manifest
{
    private const long Place = 0x4D414E4946455354;

    public static readonly Manifest Empty = new();

    /// <summary>The index covers the journal up to here; the rest is read again at a start.</summary>
    public long Watermark { get; init; }

    public long NextBlock { get; init; } = 1;

    /// <summary>Newest first.</summary>
    public ImmutableArray<RunPlace> Grains { get; init; } = [];

    /// <summary>Newest first.</summary>
    public ImmutableArray<RunPlace> Keys { get; init; } = [];

    /// <summary>Effects and reminders: a whole state first, then changes, oldest first.</summary>
    public ImmutableArray<BlockRange> Changes { get; init; } = [];

    /// <summary>No longer needed, to be deleted.</summary>
    public ImmutableArray<BlockRange> Garbage { get; init; } = [];

    public byte[] Encode()
    {
        var output = new ByteWriter();
        output.Number(Watermark);
        output.Number(NextBlock);
        EncodeRuns(output, Grains);
        EncodeRuns(output, Keys);
        EncodeRanges(output, Changes);
        EncodeRanges(output, Garbage);
        return Blocks.Seal(Place, output.Written);
    }

    public static Manifest Decode(ReadOnlySpan<byte> content)
    {
        if (!Checksum.Holds(Place, content))
        {
            throw new StoreDamagedException("The manifest of the index is not what was written.");
        }

        var reader = new ByteReader(content[..^Checksum.Size]);
        return new Manifest
        {
            Watermark = reader.Number(),
            NextBlock = reader.Number(),
            Grains = DecodeRuns(ref reader),
            Keys = DecodeRuns(ref reader),
            Changes = DecodeRanges(ref reader),
            Garbage = DecodeRanges(ref reader),
        };
    }

    private static void EncodeRuns(ByteWriter output, ImmutableArray<RunPlace> runs)
    {
        output.Number(runs.Length);
        foreach (var run in runs)
        {
            output.Number(run.FirstBlock);
            output.Number(run.EntryBlocks);
            output.Number(run.FilterBlocks);
            output.Number(run.Count);
            output.Number(run.Level);
        }
    }

    private static ImmutableArray<RunPlace> DecodeRuns(ref ByteReader reader)
    {
        var runs = new RunPlace[reader.Count()];
        for (var index = 0; index < runs.Length; index++)
        {
            runs[index] = new RunPlace(
                reader.Number(), (int)reader.Number(), (int)reader.Number(), reader.Number(), (int)reader.Number());
        }

        return [.. runs];
    }

    private static void EncodeRanges(ByteWriter output, ImmutableArray<BlockRange> ranges)
    {
        output.Number(ranges.Length);
        foreach (var range in ranges)
        {
            output.Number(range.First);
            output.Number(range.Count);
        }
    }

    private static ImmutableArray<BlockRange> DecodeRanges(ref ByteReader reader)
    {
        var ranges = new BlockRange[reader.Count()];
        for (var index = 0; index < ranges.Length; index++)
        {
            ranges[index] = new BlockRange(reader.Number(), reader.Number());
        }

        return [.. ranges];
    }
}
