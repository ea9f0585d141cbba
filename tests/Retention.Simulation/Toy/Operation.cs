using System.Text;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Runs;

namespace Retention.Simulation.Toy;

/// <summary>What a client may ask.</summary>
public enum Verb
{
    Deposit,
    Transfer,
    Spend,
    Purchase,
    Return,
    Redeem,
    Reverse,
    Extend,
    AdvanceClock,
    ReadOne,
    ReadTwo,

    /// <summary>What a till gave without the network: redeemed, or kept as a conflict. Once for each coupon.</summary>
    Capture,

    /// <summary>One of the two lines of a redemption comes back, and its share of both currencies. Once for each line.</summary>
    ReverseLine,

    /// <summary>From now on redemptions clear at this rate.</summary>
    Rate,
}

/// <summary>One operation of one client, before its first attempt.</summary>
/// <param name="Id">The request id; starts with the letter of the tenant whose client asks.</param>
/// <param name="First">The first grain; <paramref name="Second"/> the other one of a transfer or a pair read.</param>
/// <param name="Sale">The sale's and so the coupon's id, for what concerns one.</param>
public sealed record Operation(
    string Id, Verb Verb, PartitionId Partition, GrainId First, GrainId Second, long Amount, string Sale)
{
    public bool IsRead => Verb is Verb.ReadOne or Verb.ReadTwo;

    public LedgerKey RequestKey { get; } = LedgerKey.Of("r", Id);

    /// <summary>The key by which the operation's effect is unique whatever the request id; null for most.</summary>
    public LedgerKey? NaturalKey => Verb switch
    {
        Verb.Purchase => SaleKey,
        Verb.Return => LedgerKey.Of("t", Sale),
        Verb.Capture => LedgerKey.Of("c", Sale),
        _ => null,
    };

    public LedgerKey SaleKey => LedgerKey.Of("p", Sale);

    public PartitionId Agreement => PartitionId.Agreement(Second.Key);

    public UInt128 Content(long change) =>
        LedgerKey.Digest(Encoding.UTF8.GetBytes($"{Verb}|{First}|{Second}|{Amount + change}|{Sale}"));
}

/// <summary>One sending of an operation. Its number is part of every fact that it decides.</summary>
/// <param name="Change">Not 0: other content under the same request id.</param>
/// <param name="CallerSpent">What the caller believes the offer has spent (only a planted bug looks at it).</param>
public sealed record Attempt(Operation Operation, int Number, long Change, long SentAt, long CallerSpent)
{
    public string Tag => Change == 0 ? $"{Operation.Id}#{Number}" : $"{Operation.Id}#{Number}~";

    public long Amount => Operation.Amount + Change;

    public Command ToCommand(ToyTurns turns)
    {
        List<CommandKey> keys = [];
        if (!Operation.IsRead)
        {
            keys.Add(new CommandKey(Operation.RequestKey, RefusalReason.RequestIdReused));
            if (Operation.NaturalKey is { } natural)
            {
                keys.Add(new CommandKey(natural, RefusalReason.PurchaseIdReused));
            }
        }

        return new Command(
            Operation.Partition, keys, Operation.Content(Change), turn => turns.Decide(this, turn), TextReply.Plain);
    }

    public static Command SealOf(Operation operation) => new(
        operation.Partition, [new CommandKey(operation.RequestKey, RefusalReason.RequestIdReused)], UInt128.Zero,
        static _ => Decision.With("sealed"), TextReply.Seal);
}

/// <summary>Replies as UTF-8 text.</summary>
public sealed class TextReply(string name) : IReplyFormat
{
    public static readonly TextReply Plain = new("text");
    public static readonly TextReply Seal = new(LedgerFormats.Sealed);

    public string Name => name;

    public object Shape(object reply) => reply;

    public ReadOnlyMemory<byte> Encode(object shaped) => Encoding.UTF8.GetBytes((string)shaped);

    public object Decode(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
