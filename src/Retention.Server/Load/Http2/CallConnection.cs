using System.Buffers.Binary;
using System.Buffers.Text;

namespace Retention.Server.Load.Http2;

/// <summary>
/// One HTTP/2 connection that makes unary gRPC calls and looks at nothing of the answers but their status. It knows
/// only what a load run needs, belongs to one thread and allocates nothing per call.
/// </summary>
internal sealed class CallConnection : IDisposable
{
    /// <summary>RFC 9113, 5.1.1: a stream's number never comes back.</summary>
    public const int LastStreamId = int.MaxValue;

    private const int Places = 1024;
    private const int LargestWindow = int.MaxValue;
    private const int InitialWindow = 65_535;

    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private readonly FramePipe _pipe;
    private readonly PeerSettings _peer = new();
    private readonly HpackDecoder _headers = new();
    private readonly Call[] _calls = new Call[Places];
    private readonly EndedCall[] _ended = new EndedCall[Places];
    private readonly byte[] _block = new byte[64 * 1024];
    private readonly PreparedRequest _first;
    private readonly PreparedRequest _next;
    private readonly int _lastStreamId;
    private int _blockLength;
    private Frame _blockFrame;
    private int _endedCount;
    private int _nextStreamId = 1;
    private long _sendWindow = InitialWindow;
    private long _unreturnedWindow;
    private bool _isSettled;

    /// <summary>Shakes hands: the server's settings are known when it returns.</summary>
    public CallConnection(Stream stream, CallHeaders headers, ReadOnlySpan<byte> message, int lastStreamId = LastStreamId)
    {
        _pipe = new FramePipe(stream);
        _lastStreamId = lastStreamId;
        SendPreface();
        while (!_isSettled) Receive();
        var keepsUsualTable = _peer.HeaderTableSize >= HpackDecoder.DefaultTableCapacity;
        _first = new PreparedRequest(keepsUsualTable ? headers.First : headers.Unkept, message);
        _next = new PreparedRequest(keepsUsualTable ? headers.Next : headers.Unkept, message);
        if (_first.DataLength > _peer.InitialWindowSize)
        {
            throw new Http2Exception("The server's window is smaller than one request.");
        }
    }

    public int MaxConcurrentCalls => Math.Min(_peer.MaxConcurrentStreams, Places / 2);

    public int ActiveCalls { get; private set; }

    /// <summary>Whether the connection takes no more calls; those under way still end.</summary>
    public bool IsUsedUp { get; private set; }

    public bool CanStart =>
        !IsUsedUp && ActiveCalls < MaxConcurrentCalls && _sendWindow >= _next.DataLength;

    /// <summary>Writes one request and returns its message, to be patched; it leaves with the next flush.</summary>
    public Span<byte> Start(long number, long startedAt)
    {
        var request = _nextStreamId == 1 ? _first : _next;
        ref var call = ref Place(_nextStreamId);
        call = new Call { StreamId = _nextStreamId, Number = number, StartedAt = startedAt, Status = CallOutcome.NoStatus };
        var message = request.CopyTo(_pipe.Append(request.Length), _nextStreamId);
        _sendWindow -= request.DataLength;
        ActiveCalls++;
        _nextStreamId = NumberAfter(_nextStreamId);
        return message;
    }

    public void Flush() => _pipe.Flush();

    /// <summary>Waits for bytes and takes in every frame that is whole.</summary>
    public void Receive()
    {
        _pipe.Receive();
        while (_pipe.TryRead(out var frame, out var payload)) Take(frame, payload);
    }

    /// <summary>The calls that ended since they were taken last; to be read before the next bytes are received.</summary>
    public ReadOnlySpan<EndedCall> TakeEnded()
    {
        var count = _endedCount;
        _endedCount = 0;
        return _ended.AsSpan(0, count);
    }

    /// <summary>Ends all calls under way as lost.</summary>
    public void Abandon() => EndAfter(0, CallOutcome.Lost);

    public void Dispose() => _pipe.Dispose();

    private void SendPreface()
    {
        Preface.CopyTo(_pipe.Append(Preface.Length));
        Span<byte> settings = stackalloc byte[12];
        BinaryPrimitives.WriteInt16BigEndian(settings, (short)Setting.EnablePush);
        BinaryPrimitives.WriteInt32BigEndian(settings[2..], 0);
        BinaryPrimitives.WriteInt16BigEndian(settings[6..], (short)Setting.InitialWindowSize);
        BinaryPrimitives.WriteInt32BigEndian(settings[8..], LargestWindow);
        _pipe.Append(FrameType.Settings, 0, 0, settings);
        ReturnWindow(LargestWindow - InitialWindow);
        _pipe.Flush();
    }

    private void ReturnWindow(int increment)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, increment);
        _pipe.Append(FrameType.WindowUpdate, 0, 0, bytes);
    }

    private void Take(in Frame frame, ReadOnlySpan<byte> payload)
    {
        if (_blockLength > 0 && frame.Type != FrameType.Continuation)
        {
            throw new Http2Exception("A header block is interrupted.");
        }

        switch (frame.Type)
        {
            case FrameType.Data:
                TakeBody(frame);
                break;
            case FrameType.Headers:
                TakeHeaders(frame, Unpadded(frame, payload));
                break;
            case FrameType.Continuation:
                TakeContinuation(frame, payload);
                break;
            case FrameType.Reset:
                End(frame.StreamId, CallOutcome.Reset);
                break;
            case FrameType.PushPromise:
                throw new Http2Exception("The server pushes, though it was told not to.");
            default:
                TakeControl(frame, payload);
                break;
        }
    }

    private void TakeControl(in Frame frame, ReadOnlySpan<byte> payload)
    {
        var isAcknowledgement = (frame.Flags & Frame.Acknowledged) != 0;
        switch (frame.Type)
        {
            case FrameType.Settings when !isAcknowledgement:
                _peer.Apply(payload);
                _isSettled = true;
                _pipe.Append(FrameType.Settings, Frame.Acknowledged, 0, []);
                break;
            case FrameType.Ping when !isAcknowledgement:
                _pipe.Append(FrameType.Ping, Frame.Acknowledged, 0, payload);
                break;
            case FrameType.GoAway:
                IsUsedUp = true;
                EndAfter(BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue, CallOutcome.Lost);
                break;
            case FrameType.WindowUpdate when frame.StreamId == 0:
                _sendWindow += BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;
                break;
        }
    }

    private void TakeBody(in Frame frame)
    {
        _unreturnedWindow += frame.Length;
        if (_unreturnedWindow > LargestWindow / 2)
        {
            ReturnWindow((int)_unreturnedWindow);
            _unreturnedWindow = 0;
        }

        if ((frame.Flags & Frame.EndStream) != 0) End(frame.StreamId, Place(frame.StreamId).Status);
    }

    private void TakeHeaders(in Frame frame, ReadOnlySpan<byte> block)
    {
        if ((frame.Flags & Frame.EndHeaders) != 0)
        {
            TakeBlock(frame, block);
            return;
        }

        _blockFrame = frame;
        Keep(block);
    }

    private void TakeContinuation(in Frame frame, ReadOnlySpan<byte> payload)
    {
        Keep(payload);
        if ((frame.Flags & Frame.EndHeaders) == 0) return;
        var block = _block.AsSpan(0, _blockLength);
        _blockLength = 0;
        TakeBlock(_blockFrame, block);
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (part.Length > _block.Length - _blockLength) throw new Http2Exception("A header block is too long.");
        part.CopyTo(_block.AsSpan(_blockLength));
        _blockLength += part.Length;
    }

    // Every block is decoded, also of calls that are of no more interest: the header table lives on.
    private void TakeBlock(in Frame frame, ReadOnlySpan<byte> block)
    {
        var status = new StatusSink { Status = CallOutcome.NoStatus };
        _headers.Decode(block, ref status);
        ref var call = ref Place(frame.StreamId);
        if (call.StreamId != frame.StreamId) return;
        if (status.Status != CallOutcome.NoStatus) call.Status = status.Status;
        if ((frame.Flags & Frame.EndStream) != 0) End(frame.StreamId, call.Status);
    }

    private static ReadOnlySpan<byte> Unpadded(in Frame frame, ReadOnlySpan<byte> payload)
    {
        var start = 0;
        var padding = 0;
        if ((frame.Flags & Frame.Padded) != 0) padding = payload[start++];
        if ((frame.Flags & Frame.Prioritized) != 0) start += 5;
        return payload[start..^padding];
    }

    private void EndAfter(int lastStreamId, int outcome)
    {
        for (var i = 0; i < Places; i++)
        {
            if (_calls[i].StreamId > lastStreamId) End(_calls[i].StreamId, outcome);
        }
    }

    private void End(int streamId, int outcome)
    {
        ref var call = ref Place(streamId);

        // A server may reset a stream that it has already answered.
        if (call.StreamId != streamId) return;
        call.StreamId = 0;
        ActiveCalls--;
        _ended[_endedCount++] = new EndedCall(call.Number, call.StartedAt, outcome);
    }

    // Numbers may be left out; those whose place is still taken by a slow call are.
    private int NumberAfter(int streamId)
    {
        do
        {
            if (streamId >= _lastStreamId - 1)
            {
                IsUsedUp = true;
                return streamId;
            }

            streamId += 2;
        }
        while (Place(streamId).StreamId != 0);
        return streamId;
    }

    private ref Call Place(int streamId) => ref _calls[(streamId >> 1) & (Places - 1)];

    private struct Call
    {
        public int StreamId;
        public int Status;
        public long Number;
        public long StartedAt;
    }

    private struct StatusSink : IHeaderSink
    {
        public int Status;

        public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            if (!name.SequenceEqual("grpc-status"u8)) return;
            Status = Utf8Parser.TryParse(value, out byte code, out var length) && length == value.Length && code <= 16
                ? code
                : CallOutcome.NoStatus;
        }
    }
}
