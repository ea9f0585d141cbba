using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Engine.Ports;

namespace Retention.Server.Rpc;

/// <summary>A reply that leaves as <typeparamref name="TResponse"/> and is kept in the ledger as its protobuf bytes.</summary>
public abstract class ProtoReply<TResponse> : IReplyFormat
    where TResponse : class, IMessage<TResponse>, new()
{
    private static readonly MessageDescriptor Descriptor = new TResponse().Descriptor;
    private static readonly MessageParser<TResponse> Parser = new(() => new TResponse());
    private static readonly Redaction? Redaction = Redaction.Of(Descriptor);

    public string Name => Descriptor.FullName;

    public abstract object Shape(object reply);

    public ReadOnlyMemory<byte> Encode(object shaped)
    {
        var response = (TResponse)shaped;
        if (Redaction is null) return Bytes(response);
        var kept = response.Clone();
        Redaction.Apply(kept);
        return Bytes(kept);
    }

    public object Decode(ReadOnlyMemory<byte> bytes) => Parser.ParseFrom(bytes.Span);

    // As ToByteArray, without the stream that it makes for every message.
    private static byte[] Bytes(TResponse response)
    {
        var bytes = new byte[response.CalculateSize()];
        response.WriteTo(bytes.AsSpan());
        return bytes;
    }
}

/// <summary>Shapes a decider's reply by a pure function. One static instance per rpc.</summary>
public sealed class ProtoReply<TReply, TResponse>(Func<TReply, TResponse> shape) : ProtoReply<TResponse>
    where TResponse : class, IMessage<TResponse>, new()
{
    public override object Shape(object reply) => shape((TReply)reply);
}
