using System.Buffers;
using NodaTime;

namespace Retention.Kernel;

/// <summary>
/// All the engine knows of a kind of grain: how its state is folded from facts and how both become bytes.
/// Evolve decides nothing and cannot refuse. Decoding what encoding wrote gives an equal value.
/// </summary>
public interface IGrainKind
{
    string Name { get; }

    object Initial { get; }

    object Evolve(object state, object fact);

    void EncodeFact(object fact, IBufferWriter<byte> output);

    object DecodeFact(ReadOnlySpan<byte> bytes);

    void EncodeState(object state, IBufferWriter<byte> output);

    object DecodeState(ReadOnlySpan<byte> bytes);

    /// <summary>What a due reminder asks for. It may arrive more than once: the state says whether it still matters.</summary>
    Decision Remind(ITurn turn, GrainId grain, string name, Instant dueAt);
}

/// <summary>Decides what an effect from another partition asks for. A refusal consumes the effect and changes nothing.</summary>
public interface IEffectTurns
{
    Decision Decide(ITurn turn, PartitionId from, PartitionId to, string name, ReadOnlyMemory<byte> payload);
}
