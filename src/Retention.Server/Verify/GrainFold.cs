using System.Buffers;
using Retention.Engine.Core;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Folds grains fact by fact from the first. Where a saved state exists, it is compared with the fold at the very
/// version that it claims to show. A grain whose facts do not follow each other is told of and left out.
/// </summary>
internal sealed class GrainFold(GrainKinds kinds, DifferenceList differences)
{
    private readonly ArrayBufferWriter<byte> encoded = new();

    public FoldedPart Fold(GrainFacts facts, CancellationToken stop)
    {
        var part = new FoldedPart();
        foreach (var grain in facts.Grains)
        {
            stop.ThrowIfCancellationRequested();
            if (Follow(grain, facts) is not var (state, version, position))
            {
                part.AddBroken();
                continue;
            }

            var saved = facts.SavedOf(grain);
            if (saved?.Version > version)
            {
                differences.Add(new Difference(grain, "snapshot", string.Create(
                    null, $"a state of version {saved?.Version} is saved, the journal ends at {version}")));
            }

            part.Add(grain, version, position, Encode(kinds[grain.Kind], state));
        }

        return part;
    }

    private (object State, long Version, long Position)? Follow(GrainId grain, GrainFacts facts)
    {
        var saved = facts.SavedOf(grain);
        var (version, position) = (0L, 0L);
        try
        {
            var kind = kinds[grain.Kind];
            var state = kind.Initial;
            foreach (var stored in facts.Of(grain))
            {
                position = stored.Position;
                if (stored.Follows != version)
                {
                    differences.Add(new Difference(grain, "versions", string.Create(
                        null, $"record {position} goes on from version {stored.Follows}, it is {version}")));
                    return null;
                }

                state = kind.Evolve(state, kind.DecodeFact(stored.Fact.Span));
                version++;
                if (saved?.Version == version) CompareSaved(grain, kind, saved.Value, state);
            }

            return (state, version, position);
        }
        catch (Exception e) when (NaiveLaws.IsBrokenContent(e))
        {
            differences.Add(new Difference(grain, "fold", $"the fact of journal record {position} does not follow"));
            return null;
        }
    }

    private void CompareSaved(GrainId grain, IGrainKind kind, SavedState saved, object state)
    {
        // Of another format it is never read.
        if (!SavedStateFormat.IsCurrent(kind, saved.State.Span)) return;

        // Decoded and encoded again: a field that this version of the program has added counts as its default.
        var known = SavedStateFormat.Decode(kind, saved.State.Span);
        if (!Encode(kind, known).ToArray().AsSpan().SequenceEqual(Encode(kind, state)))
        {
            differences.Add(new Difference(
                grain, "snapshot", $"the state saved at version {saved.Version} is not the journal's"));
        }
    }

    private ReadOnlySpan<byte> Encode(IGrainKind kind, object state)
    {
        encoded.ResetWrittenCount();
        kind.EncodeState(state, encoded);
        return encoded.WrittenSpan;
    }
}
