using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>The states of one part's grains as their facts give them, encoded.</summary>
internal sealed class FoldedPart
{
    private readonly List<FoldedGrain> grains = [];
    private readonly ByteChunks states = new();

    /// <summary>Those whose facts follow each other.</summary>
    public IReadOnlyList<FoldedGrain> Grains => grains;

    /// <summary>Those whose facts do not.</summary>
    public int Broken { get; private set; }

    public void AddBroken() => Broken++;

    public void Add(GrainId grain, long version, long position, ReadOnlySpan<byte> state) =>
        grains.Add(new FoldedGrain(grain, version, position, states.Add(state)));

    public ReadOnlyMemory<byte> StateOf(FoldedGrain grain) => states[grain.State];

    /// <param name="Position">Of the last journal record that wrote the grain.</param>
    internal readonly record struct FoldedGrain(GrainId Grain, long Version, long Position, BytePiece State);
}
