using System.Buffers;
using System.Text;
using Google.Protobuf;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Transport;

namespace Retention.Server.Rpc;

/// <summary>How services ask grains: a refusal leaves as a gRPC status, an answer as the reply.</summary>
public static class Asking
{
    private const byte RequestIdTag = (1 << 3) | 2;

    /// <summary>
    /// Changes grains of one partition, once per request id and natural keys. The request carries its id in field 1;
    /// the rest of it is the content that a repeat must equal.
    /// </summary>
    /// <param name="decide">Pure; may be called several times.</param>
    /// <param name="naturalKeys">Keys beside the request id that this change takes, each with the refusal that other
    /// content under it gets.</param>
    public static ValueTask<TResponse> Change<TResponse>(
        this IGrainHost host,
        CallContext call,
        IMessage request,
        PartitionId partition,
        Func<ITurn, Decision> decide,
        ProtoReply<TResponse> format,
        params ReadOnlySpan<CommandKey> naturalKeys)
        where TResponse : class, IMessage<TResponse>, new()
    {
        var caller = call.Caller();
        var (requestId, content) = Read(request);
        CommandKey[] keys =
        [
            new(LedgerKey.Request(caller.TenantId, requestId), RefusalReason.RequestIdReused), .. naturalKeys,
        ];
        return Answer<TResponse>(host, call, request, new Command(partition, keys, content, decide, format));
    }

    /// <summary>Reads grains of one partition; the answer shows everything that was answered before.</summary>
    public static async ValueTask<TReply> Read<TReply>(
        this IGrainHost host, CallContext call, IMessage request, PartitionId partition, Func<ITurn, Decision> decide) =>
        (await host.ReadAt<TReply>(call, request, partition, decide)).Reply;

    /// <summary>As Read, with a journal position that includes all that the reply shows.</summary>
    public static async ValueTask<(TReply Reply, long Position)> ReadAt<TReply>(
        this IGrainHost host, CallContext call, IMessage request, PartitionId partition, Func<ITurn, Decision> decide)
    {
        await CallerScope.CheckAsync(host, call, request);
        call.ThrowIfOver();
        var answer = await host.AskAsync(new Command(partition, [], UInt128.Zero, decide), CancellationToken.None);
        return ((TReply)Granted(answer), answer.Position);
    }

    /// <summary>The reply, or the refusal thrown as the failure it is on the wire.</summary>
    public static object Granted(Answer answer)
    {
        if (answer.Refusal is { } refusal) throw ErrorMap.ToFailure(refusal);
        return answer.Reply ?? throw new InvalidOperationException("The answer holds neither reply nor refusal.");
    }

    private static async ValueTask<TResponse> Answer<TResponse>(
        IGrainHost host, CallContext call, IMessage request, Command command)
    {
        await CallerScope.CheckAsync(host, call, request);

        // What is asked is done whether or not the caller waits for it, so there is nothing to cancel later.
        call.ThrowIfOver();
        return (TResponse)Granted(await host.AskAsync(command, CancellationToken.None));
    }

    // Fields are written in the order of their numbers, so the request id stands first and the content after it.
    private static (string RequestId, UInt128 Content) Read(IMessage request)
    {
        var size = request.CalculateSize();
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var bytes = buffer.AsSpan(0, size);
            request.WriteTo(bytes);
            if (size == 0 || bytes[0] != RequestIdTag) throw RequestField.Invalid("request_id", "required");
            var (start, length) = Text(bytes);
            var requestId = RequestField.RequestId(Encoding.UTF8.GetString(bytes.Slice(start, length)));
            return (requestId, LedgerKey.Digest(bytes[(start + length)..]));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Where the text of the first field lies: after the tag stands its length, seven bits to a byte, the low ones first.
    private static (int Start, int Length) Text(ReadOnlySpan<byte> bytes)
    {
        var (at, length) = (1, 0);
        for (var shift = 0; ; shift += 7)
        {
            var part = bytes[at++];
            length |= (part & 0x7F) << shift;
            if (part < 0x80) return (at, length);
        }
    }
}
