namespace Retention.Server.Load.Http2;

/// <summary>
/// Frames over a stream, with one buffer each way: a read takes whatever has arrived, a flush sends whatever has been
/// written since the last one, so that many calls share one system call.
/// </summary>
internal sealed class FramePipe(Stream stream) : IDisposable
{
    private readonly byte[] _received = new byte[256 * 1024];
    private byte[] _written = new byte[64 * 1024];
    private int _start;
    private int _end;
    private int _unsent;

    /// <summary>Waits for bytes. Frames returned earlier are gone.</summary>
    public void Receive()
    {
        _received.AsSpan(_start, _end - _start).CopyTo(_received);
        _end -= _start;
        _start = 0;
        int count;
        try
        {
            count = stream.Read(_received.AsSpan(_end));
        }
        catch (IOException error)
        {
            throw new Http2Exception("The connection was lost while waiting for the server.", error);
        }

        if (count == 0) throw new Http2Exception("The server closed the connection.");
        _end += count;
    }

    /// <summary>The next frame that has arrived completely, if there is one.</summary>
    public bool TryRead(out Frame frame, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        frame = default;
        var available = _received.AsSpan(_start, _end - _start);
        if (available.Length < Frame.HeaderLength) return false;
        frame = Frame.Read(available);
        if (frame.Length > Frame.LargestPayload) throw new Http2Exception("A frame is larger than agreed.");
        if (available.Length < Frame.HeaderLength + frame.Length) return false;
        payload = available.Slice(Frame.HeaderLength, frame.Length);
        _start += Frame.HeaderLength + frame.Length;
        return true;
    }

    /// <summary>Room for bytes that the next flush sends. The caller fills all of it.</summary>
    public Span<byte> Append(int length)
    {
        if (_unsent + length > _written.Length)
        {
            Array.Resize(ref _written, Math.Max(2 * _written.Length, _unsent + length));
        }

        _unsent += length;
        return _written.AsSpan(_unsent - length, length);
    }

    /// <summary>Appends a whole frame.</summary>
    public void Append(FrameType type, byte flags, int streamId, ReadOnlySpan<byte> payload)
    {
        var bytes = Append(Frame.HeaderLength + payload.Length);
        new Frame(payload.Length, type, flags, streamId).Write(bytes);
        payload.CopyTo(bytes[Frame.HeaderLength..]);
    }

    public void Flush()
    {
        if (_unsent == 0) return;
        try
        {
            stream.Write(_written.AsSpan(0, _unsent));
        }
        catch (IOException error)
        {
            throw new Http2Exception("The connection was lost while sending.", error);
        }

        _unsent = 0;
    }

    public void Dispose() => stream.Dispose();
}
