using Retention.Kernel;

namespace Retention.Domain;

/// <summary>Decides what one kind of effect asks of the partition that receives it.</summary>
public delegate Decision EffectTurn(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload);

/// <summary>What one area of the domain brings: its kinds of grain, and the effects it receives by their names.</summary>
public sealed record Area(IReadOnlyList<IGrainKind> Kinds, IReadOnlyDictionary<string, EffectTurn> Effects)
{
    public Area(params IReadOnlyList<IGrainKind> kinds)
        : this(kinds, new Dictionary<string, EffectTurn>())
    {
    }
}
