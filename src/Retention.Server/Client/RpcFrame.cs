using System.Buffers.Binary;
using Google.Protobuf;
using Retention.Transport;

namespace Retention.Server.Client;

/// <summary>One message on the wire: a flag byte (0, plain), four bytes of length, the message.</summary>
internal static class RpcFrame
{
    public const int HeaderBytes = 5;
    public const int MessageBytesMax = 4 * 1024 * 1024;

    public static byte[] Of(IMessage message)
    {
        var size = message.CalculateSize();
        var frame = new byte[HeaderBytes + size];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)size);
        message.WriteTo(frame.AsSpan(HeaderBytes));
        return frame;
    }

    /// <summary>The next message's bytes, or null where the stream ends between two messages.</summary>
    public static async ValueTask<byte[]?> ReadAsync(Stream stream, CancellationToken stop)
    {
        var header = new byte[HeaderBytes];
        var got = await stream.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false, stop);
        if (got == 0) return null;
        if (got < HeaderBytes) throw new IOException("The reply ends inside a frame.");

        var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(1));
        if (header[0] != 0 || length > MessageBytesMax)
        {
            throw new RpcCallException(RpcStatus.Internal, "The reply is compressed or too large.");
        }

        var message = new byte[length];
        await stream.ReadExactlyAsync(message, stop);
        return message;
    }
}
