using System.Buffers;
using System.Globalization;
using System.Text;
using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Tests.Core;

internal sealed record Count(long Value);

/// <summary>A grain that counts; a fact is what is added.</summary>
internal sealed class CounterKind : IGrainKind
{
    public const string Kind = "counter";

    public string Name => Kind;

    public object Initial => new Count(0);

    public object Evolve(object state, object fact) => new Count(((Count)state).Value + (long)fact);

    public void EncodeFact(object fact, IBufferWriter<byte> output) => output.Write(BitConverter.GetBytes((long)fact));

    public object DecodeFact(ReadOnlySpan<byte> bytes) => BitConverter.ToInt64(bytes);

    public void EncodeState(object state, IBufferWriter<byte> output) =>
        output.Write(BitConverter.GetBytes(((Count)state).Value));

    public object DecodeState(ReadOnlySpan<byte> bytes) => new Count(BitConverter.ToInt64(bytes));

    /// <summary>"add" adds one, "again" comes back a day later, "refuse" refuses.</summary>
    public Decision Remind(ITurn turn, GrainId grain, string name, Instant dueAt) => name switch
    {
        "add" => Decision.Silent().Change(grain, 1L),
        "again" => Decision.Silent().Remind(grain, name, dueAt + Duration.FromDays(1)),
        _ => Decision.Refuse(Refusal.Because(RefusalReason.FieldInvalid)),
    };
}

/// <summary>An effect adds its payload to the counter it names; it is decided over the grain "gate" when told so.</summary>
internal sealed class CounterEffects : IEffectTurns
{
    public Decision Decide(ITurn turn, PartitionId from, PartitionId to, string name, ReadOnlyMemory<byte> payload) =>
        name == "refuse"
            ? Refusal.Because(RefusalReason.FieldInvalid)
            : Decision.Silent().Change(Counter.In(to, name), Counter.Number(payload));
}

/// <summary>What the tests ask of counters.</summary>
internal static class Counter
{
    public static readonly PartitionId Acme = PartitionId.Tenant("acme");
    public static readonly PartitionId Other = PartitionId.Tenant("other");
    public static readonly GrainId A = In(Acme, "a");
    public static readonly GrainId B = In(Acme, "b");
    public static readonly GrainId C = In(Acme, "c");

    public static GrainId In(PartitionId partition, string key) => new(partition, CounterKind.Kind, key);

    public static LedgerKey Key(string request) => LedgerKey.Of("r", request);

    public static long Number(ReadOnlyMemory<byte> payload) =>
        long.Parse(Encoding.UTF8.GetString(payload.Span), CultureInfo.InvariantCulture);

    public static Command Read(params GrainId[] grains) => new(
        Acme, [], 0, turn => Decision.With(string.Join(' ', grains.Select(grain => turn.State<Count>(grain).Value))));

    /// <summary>Adds to each grain; refused when one would become negative.</summary>
    public static Command Add(string request, long amount, params GrainId[] grains) =>
        Of(request, amount, turn => AddAll(turn, amount, grains));

    public static Command Of(string request, long content, Func<ITurn, Decision> decide) => new(
        Acme, [new CommandKey(Key(request), RefusalReason.RequestIdReused)], (UInt128)(1_000 + content), decide,
        TextFormat.Plain);

    /// <summary>Adds to the first; only looks at the second, which must not be beyond the limit.</summary>
    public static Command AddIfAtMost(string request, long amount, GrainId changed, GrainId looked, long limit) =>
        Of(request, amount, turn => turn.State<Count>(looked).Value <= limit
            ? AddAll(turn, amount, [changed])
            : Refusal.Because(RefusalReason.LimitReached));

    public static Command Send(string request, string to, long amount) => Of(
        request, amount,
        _ => Decision.With("sent").Send(new Effect(Other, to, Encoding.UTF8.GetBytes($"{amount}"))));

    public static Command Seal(string request) => new(
        Acme, [new CommandKey(Key(request), RefusalReason.RequestIdReused)], 0, _ => Decision.With("sealed"),
        new TextFormat(LedgerFormats.Sealed));

    public static SentEffect Effect(long sequence, string to = "a", long amount = 1) => new(
        Other, Acme, sequence,
        Retention.Engine.Core.EffectCodec.Encode(new Effect(Acme, to, Encoding.UTF8.GetBytes($"{amount}"))));

    private static Decision AddAll(ITurn turn, long amount, GrainId[] grains)
    {
        var decision = Decision.Silent();
        var values = new List<long>();
        foreach (var grain in grains)
        {
            var value = turn.State<Count>(grain).Value + amount;
            if (value < 0)
            {
                return Refusal.Because(RefusalReason.InsufficientPoints);
            }

            decision.Change(grain, amount);
            values.Add(value);
        }

        return decision.Answer(string.Join(' ', values));
    }
}

internal sealed class TextFormat(string name) : IReplyFormat
{
    public static readonly TextFormat Plain = new("text");

    public string Name => name;

    public object Shape(object reply) => reply;

    public ReadOnlyMemory<byte> Encode(object shaped) => Encoding.UTF8.GetBytes((string)shaped);

    public object Decode(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
