using NodaTime;
using Retention.Kernel;

namespace Retention.Engine.Ports;

/// <summary>How a reply is shaped for the caller and kept in the ledger. Pure.</summary>
public interface IReplyFormat
{
    /// <summary>Stored beside the bytes, so that a reply can be read by whoever looks the operation up later.</summary>
    string Name { get; }

    /// <summary>Turns the decision's reply into what the caller gets.</summary>
    object Shape(object reply);

    /// <summary>Encodes a shaped reply for the ledger. Leaves out secrets and plain personal fields.</summary>
    ReadOnlyMemory<byte> Encode(object shaped);

    object Decode(ReadOnlyMemory<byte> bytes);
}

/// <summary>A key that the command takes when it succeeds, and what a different content under it is called.</summary>
public readonly record struct CommandKey(LedgerKey Key, RefusalReason WhenReused);

/// <summary>One thing asked of the grains of one partition.</summary>
/// <param name="Keys">Request id first, then natural keys; empty for a read.</param>
/// <param name="Content">Digest of the request without its request id.</param>
/// <param name="Decide">Pure; may be called several times.</param>
/// <param name="Format">The reply's format; null for a read whose reply goes out as it is.</param>
public sealed record Command(
    PartitionId Partition,
    IReadOnlyList<CommandKey> Keys,
    UInt128 Content,
    Func<ITurn, Decision> Decide,
    IReplyFormat? Format = null);

/// <summary>A refusal or a shaped reply, and a position that includes all that the answer shows.</summary>
/// <param name="Repeated">True when the reply is that of an earlier commit.</param>
public readonly record struct Answer(object? Reply, Refusal? Refusal, long Position, bool Repeated);

/// <summary>
/// The door to the grains. It hides the engine from the services, so that another host of the same
/// grains (an Orleans silo) can stand behind it.
/// </summary>
public interface IGrainHost
{
    /// <summary>Answers when everything the answer shows is durable.</summary>
    ValueTask<Answer> AskAsync(Command command, CancellationToken stop);

    /// <summary>The commit that took the key, or null.</summary>
    ValueTask<JournalRecord?> FindAsync(LedgerKey key, CancellationToken stop);

    /// <summary>How many effects sent by the partition have not been received yet.</summary>
    long PendingEffectCount(PartitionId from);

    IJournal Journal { get; }

    Instant Now { get; }
}

/// <summary>Formats of ledger entries that are no replies.</summary>
public static class LedgerFormats
{
    /// <summary>A sealed operation: no request under this id can ever apply.</summary>
    public const string Sealed = "sealed";
}
