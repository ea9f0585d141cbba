using System.Buffers;
using System.Text;
using NodaTime;
using Retention.Kernel;

namespace Retention.Simulation.Toy;

/// <summary>What a fact of the toy domain does to its grain.</summary>
public enum ToyVerb : byte
{
    Opened = 1,
    Added,
    Counted,
    Moved,
    Extended,
}

/// <param name="Tag">The attempt that decided the fact; for sales also the customer, after an exclamation mark.</param>
public sealed record ToyFact(ToyVerb Verb, long Amount, long At, string Tag);

/// <summary>One shape for every kind of toy grain; what the numbers mean depends on the kind.</summary>
public sealed record ToyState(long Amount, long Count, long Status, long At)
{
    public static readonly ToyState Empty = new(0, 0, 0, 0);

    public ToyState Apply(ToyFact fact) => fact.Verb switch
    {
        ToyVerb.Opened => this with { Status = 1, Amount = fact.Amount, At = fact.At },
        ToyVerb.Added => this with { Amount = Amount + fact.Amount },
        ToyVerb.Counted => this with { Amount = Amount + fact.Amount, Count = Count + 1 },
        ToyVerb.Moved => this with { Status = fact.Amount },
        _ => this with { At = fact.At },
    };

    public override string ToString() => $"{Amount}/{Count}/{Status}/{At}";
}

/// <summary>A kind of toy grain. Bytes are little-endian numbers, then the tag.</summary>
public sealed class ToyKind(string name, Func<ITurn, GrainId, Instant, Decision> remind) : IGrainKind
{
    public string Name => name;

    /// <summary>Saved states are numbers, which begin with any byte: only a format's own byte tells them apart.</summary>
    public int StateFormat => 1;

    public object Initial => ToyState.Empty;

    public object Evolve(object state, object fact) => ((ToyState)state).Apply((ToyFact)fact);

    public void EncodeFact(object fact, IBufferWriter<byte> output)
    {
        var (verb, amount, at, tag) = (ToyFact)fact;
        output.Write([(byte)verb]);
        Write(output, amount, at);
        output.Write(Encoding.UTF8.GetBytes(tag));
    }

    public object DecodeFact(ReadOnlySpan<byte> bytes) => Fact(bytes);

    public static ToyFact Fact(ReadOnlySpan<byte> bytes) => new(
        (ToyVerb)bytes[0], BitConverter.ToInt64(bytes[1..]), BitConverter.ToInt64(bytes[9..]),
        Encoding.UTF8.GetString(bytes[17..]));

    public void EncodeState(object state, IBufferWriter<byte> output)
    {
        var (amount, count, status, at) = (ToyState)state;
        Write(output, amount, count, status, at);
    }

    public object DecodeState(ReadOnlySpan<byte> bytes) => new ToyState(
        BitConverter.ToInt64(bytes), BitConverter.ToInt64(bytes[8..]), BitConverter.ToInt64(bytes[16..]),
        BitConverter.ToInt64(bytes[24..]));

    public Decision Remind(ITurn turn, GrainId grain, string name, Instant dueAt) => remind(turn, grain, dueAt);

    private static void Write(IBufferWriter<byte> output, params ReadOnlySpan<long> numbers)
    {
        foreach (var number in numbers)
        {
            output.Write(BitConverter.GetBytes(number));
        }
    }
}
