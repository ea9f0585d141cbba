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

    /// <summary>
    /// Of saved states, 0 to 31. Grows when a state saved before would be misread: such a one is then folded anew from
    /// the journal.
    /// </summary>
    int StateFormat => 0;

    object Initial { get; }

    object Evolve(object state, object fact);

    void EncodeFact(object fact, IBufferWriter<byte> output);

    object DecodeFact(ReadOnlySpan<byte> bytes);

    void EncodeState(object state, IBufferWriter<byte> output);

    object DecodeState(ReadOnlySpan<byte> bytes);

    /// <summary>
    /// What a due reminder asks for. It may arrive more than once, late, or too early by a node's clock: the state says
    /// whether it still matters. The turn spends the reminder of that name, even one set meanwhile for later, unless the
    /// decision sets it anew: so a turn that finds it too early sets it again.
    /// </summary>
    Decision Remind(ITurn turn, GrainId grain, string name, Instant dueAt);
}

/// <summary>Decides what an effect from another partition asks for. A refusal consumes the effect and changes nothing.</summary>
public interface IEffectTurns
{
    Decision Decide(ITurn turn, PartitionId from, PartitionId to, string name, ReadOnlyMemory<byte> payload);
}
