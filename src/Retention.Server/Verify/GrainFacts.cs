using System.Runtime.InteropServices;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// The facts of each grain of one part of the store, as bytes, brought together from all over the journal; and the
/// grain's saved state.
/// </summary>
internal sealed class GrainFacts
{
    private const int None = -1;
    private readonly Dictionary<GrainId, Ends> grains = [];
    private readonly Dictionary<GrainId, SavedState> saved = [];
    private readonly List<Row> rows = [];
    private readonly ByteChunks bytes = new();

    /// <summary>Those with facts, and those of which only a saved state is there.</summary>
    public IEnumerable<GrainId> Grains => grains.Keys.Concat(saved.Keys.Where(grain => !grains.ContainsKey(grain)));

    public void Keep(SavedState state) => saved[state.Grain] = state;

    public void Take(GrainWrite write, long position)
    {
        ref var ends = ref CollectionsMarshal.GetValueRefOrAddDefault(grains, write.Grain, out var isKnown);
        for (var index = 0; index < write.Facts.Count; index++)
        {
            var row = new Row(position, write.ExpectedVersion + index, bytes.Add(write.Facts[index].Span), None);
            if (isKnown) CollectionsMarshal.AsSpan(rows)[ends.Last].Next = rows.Count;
            ends = new Ends(isKnown ? ends.First : rows.Count, rows.Count);
            isKnown = true;
            rows.Add(row);
        }
    }

    public SavedState? SavedOf(GrainId grain) => saved.GetValueOrDefault(grain);

    /// <summary>In the journal's order, whatever versions they claim to follow.</summary>
    public IEnumerable<StoredFact> Of(GrainId grain)
    {
        if (!grains.TryGetValue(grain, out var ends)) yield break;
        for (var next = ends.First; next != None; next = rows[next].Next)
        {
            var row = rows[next];
            yield return new StoredFact(row.Position, row.Follows, bytes[row.Fact]);
        }
    }

    private readonly record struct Ends(int First, int Last);

    private record struct Row(long Position, long Follows, BytePiece Fact, int Next);
}

/// <param name="Follows">The grain's version that the journal says it had before.</param>
internal readonly record struct StoredFact(long Position, long Follows, ReadOnlyMemory<byte> Fact);

internal sealed record SavedState(GrainId Grain, long Version, ReadOnlyMemory<byte> State);
