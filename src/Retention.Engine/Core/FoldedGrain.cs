using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>A grain's state as the store has it.</summary>
public readonly record struct FoldedGrain(object State, long Version, long SnapshotVersion, int SizeBytes)
{
    /// <summary>Folds snapshot and tail. Pure, so that hosts may do it on the loading thread.</summary>
    public static FoldedGrain Of(IGrainKind kind, GrainRecord record)
    {
        var state = SavedStateFormat.Decode(kind, record.Snapshot.Span);
        var size = record.Snapshot.Length;
        foreach (var fact in record.Facts)
        {
            state = kind.Evolve(state, kind.DecodeFact(fact.Span));
            size += fact.Length;
        }

        return new FoldedGrain(state, record.Version, record.SnapshotVersion, size);
    }
}
