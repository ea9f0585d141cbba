using System.Buffers.Binary;

namespace Retention.Server.Load.Http2;

/// <summary>
/// A whole request as it goes onto the wire: HEADERS, and one DATA frame that ends the stream. Each call copies it and
/// patches the stream's number and the message.
/// </summary>
internal sealed class PreparedRequest
{
    private const int LengthPrefix = 5;

    private readonly byte[] _bytes;
    private readonly int _dataStart;

    public PreparedRequest(ReadOnlySpan<byte> headerBlock, ReadOnlySpan<byte> message)
    {
        DataLength = LengthPrefix + message.Length;
        if (DataLength > Frame.LargestPayload || headerBlock.Length > Frame.LargestPayload)
        {
            throw new ArgumentException("A load request must fit into one frame.", nameof(message));
        }

        _dataStart = Frame.HeaderLength + headerBlock.Length;
        _bytes = new byte[_dataStart + Frame.HeaderLength + DataLength];
        new Frame(headerBlock.Length, FrameType.Headers, Frame.EndHeaders, 0).Write(_bytes);
        headerBlock.CopyTo(_bytes.AsSpan(Frame.HeaderLength));
        var data = _bytes.AsSpan(_dataStart);
        new Frame(DataLength, FrameType.Data, Frame.EndStream, 0).Write(data);
        BinaryPrimitives.WriteInt32BigEndian(data[(Frame.HeaderLength + 1)..], message.Length);
        message.CopyTo(data[(Frame.HeaderLength + LengthPrefix)..]);
    }

    public int Length => _bytes.Length;

    /// <summary>What the request takes from the flow-control windows.</summary>
    public int DataLength { get; }

    /// <summary>Copies the request for one stream and returns its message, to be patched in place.</summary>
    public Span<byte> CopyTo(Span<byte> target, int streamId)
    {
        _bytes.CopyTo(target);
        BinaryPrimitives.WriteInt32BigEndian(target[5..], streamId);
        BinaryPrimitives.WriteInt32BigEndian(target[(_dataStart + 5)..], streamId);
        return target[(_dataStart + Frame.HeaderLength + LengthPrefix)..];
    }
}
