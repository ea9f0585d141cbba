using Google.Protobuf;

namespace Retention.Transport;

/// <summary>
/// The messages streamed to a client. A write completes when there is room for the next one; a client that makes none
/// for <see cref="TransportOptions.WriteStallTimeout"/> loses the stream.
/// </summary>
public sealed class RpcWriter<T> where T : class, IMessage<T>, new()
{
    private readonly CallContext _call;

    internal RpcWriter(CallContext call) => _call = call;

    public ValueTask Write(T message) => _call.Send(message);

    /// <summary>Sends the response headers now, before there is a message.</summary>
    public ValueTask SendHeaders() => _call.SendHeaders();
}
