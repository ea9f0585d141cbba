using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>A grain's state as the store has it.</summary>
public readonly record struct FoldedGrain(object State, long Version, long SnapshotVersion, int SizeBytes)
{
    /// <summary>Folds snapshot and tail. Pure, so that hosts may do it on the loading thread.</summary>
    /// <param name="known">An earlier state; a record that begins at its version goes on from it.</param>
    public static FoldedGrain Of(IGrainKind kind, GrainRecord record, FoldedGrain? known = null)
    {
        if (known is { } earlier && record.SnapshotVersion == earlier.Version)
        {
            var ahead = Of(kind, earlier.State, earlier.SizeBytes, record.Facts);
            return new FoldedGrain(ahead.State, record.Version, earlier.SnapshotVersion, ahead.SizeBytes);
        }

        var saved = SavedStateFormat.Decode(kind, record.Snapshot.Span);
        var (state, size) = Of(kind, saved, record.Snapshot.Length, record.Facts);
        return new FoldedGrain(state, record.Version, record.SnapshotVersion, size);
    }

    private static (object State, int SizeBytes) Of(
        IGrainKind kind, object state, int sizeBytes, IReadOnlyList<ReadOnlyMemory<byte>> facts)
    {
        foreach (var fact in facts)
        {
            state = kind.Evolve(state, kind.DecodeFact(fact.Span));
            sizeBytes += fact.Length;
        }

        return (state, sizeBytes);
    }
}
