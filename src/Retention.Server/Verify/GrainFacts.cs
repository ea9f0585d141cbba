using System.Runtime.InteropServices;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// The facts of each grain of one part of the store, as bytes, brought together from all over the journal; and the
/// grain's saved state. Serves one part after the other.
/// </summary>
internal sealed class GrainFacts
{
    private readonly Dictionary<GrainId, Known> grains = [];
    private readonly List<Row> rows = [];
    private readonly ByteChunks bytes = new();

    /// <summary>Those with facts, and those of which only a saved state is there.</summary>
    public IReadOnlyCollection<GrainId> Grains => grains.Keys;

    public void Clear()
    {
        grains.Clear();
        rows.Clear();
        bytes.Clear();
    }

    public void Keep(GrainId grain, long version, ReadOnlySpan<byte> state)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(grains, grain, out _);
        known.SavedVersion = version;
        known.Saved = bytes.Add(state);
    }

    public void Take(GrainWrite write, long position)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(grains, write.Grain, out _);
        for (var index = 0; index < write.Facts.Count; index++)
        {
            rows.Add(new Row(position, write.ExpectedVersion + index, bytes.Add(write.Facts[index].Span)));
            if (known.Last > 0) CollectionsMarshal.AsSpan(rows)[known.Last - 1].Next = rows.Count;
            else known.First = rows.Count;
            known.Last = rows.Count;
        }
    }

    /// <summary>Null where none is saved.</summary>
    public SavedState? SavedOf(GrainId grain) =>
        grains[grain] is { SavedVersion: > 0 } known ? new SavedState(known.SavedVersion, bytes[known.Saved]) : null;

    /// <summary>In the journal's order, whatever versions they claim to follow.</summary>
    public IEnumerable<StoredFact> Of(GrainId grain)
    {
        for (var next = grains[grain].First; next > 0; next = rows[next - 1].Next)
        {
            var row = rows[next - 1];
            yield return new StoredFact(row.Position, row.Follows, bytes[row.Fact]);
        }
    }

    /// <summary>Rows count from 1; 0: none.</summary>
    private record struct Known(int First, int Last, long SavedVersion, BytePiece Saved);

    private record struct Row(long Position, long Follows, BytePiece Fact)
    {
        public int Next { get; set; }
    }
}

/// <param name="Follows">The grain's version that the journal says it had before.</param>
internal readonly record struct StoredFact(long Position, long Follows, ReadOnlyMemory<byte> Fact);

internal readonly record struct SavedState(long Version, ReadOnlyMemory<byte> State);
