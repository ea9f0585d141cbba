using System.Buffers;
using System.Buffers.Binary;

namespace Retention.Transport.Hosting;

/// <summary>
/// Counts, second by second, the frames of one connection that carry no work. Requests bring an allowance, and so does
/// what the server sends, so that a busy client's pings and window updates never count against it: some clients ping
/// once per round trip while they receive a stream. The answer to a ping is too small to pay for the next one.
/// </summary>
internal sealed class FrameCount(TransportOptions options)
{
    private const int HeaderBytes = 9;
    private const int StreamAt = 5;
    private const int PrefaceBytes = 24;
    private const int AllowanceOfRequest = 16;
    private const int BytesSentPerFrame = 64;

    // More than a request brings: who takes back nearly all that he asks for is a flood, who takes back half is not.
    private const int CostOfReset = 20;

    // What makes the server itself reset a stream is never what a client needs, and costs the server an exception.
    private const int CostOfBadStep = 100;

    // No client opens a stream's window by more at once; it makes the server reset the stream, as does nothing at all.
    private const uint WindowStepMax = 1 << 30;

    // Smaller steps of a window are no way to read: they make the server send many tiny frames.
    private const uint WindowStepMin = 1024;

    private readonly TransportOptions _options = options;
    private readonly int _allowanceMax = 4 * options.MaxIdleFramesPerSecond;
    private readonly byte[] _header = new byte[HeaderBytes + sizeof(uint)];
    private int _headerBytes;
    private long _bytesToSkip = PrefaceBytes;
    private bool? _isHttp2;
    private volatile bool _hasBegun;
    private long _bytesSent;
    private long _secondBegan;
    private int _left;
    private bool _isFlood;
    private long _taken;
    private long _requests;

    /// <summary>Whether the preface and a first frame are through; HTTP/1.1 has its own limit for its beginning.</summary>
    public bool HasBegun => _hasBegun || _isHttp2 == false;

    /// <summary>
    /// How much of a flood the connection has been so far: 1 when it has sent too many, else what its resets took beyond what
    /// its requests brought, as a share of a second's allowance.
    /// </summary>
    public double FloodShare => _isFlood
        ? 1
        : Math.Clamp((_taken - (AllowanceOfRequest * _requests)) / (double)_options.MaxIdleFramesPerSecond, 0, 1);

    /// <summary>False when the connection has sent too many.</summary>
    public bool Add(ReadOnlySequence<byte> consumed)
    {
        foreach (var segment in consumed)
        {
            if (!Add(segment.Span)) return false;
        }

        return true;
    }

    /// <summary>Told by the writing side, from another thread.</summary>
    public void Sent(int bytes) => Interlocked.Add(ref _bytesSent, bytes);

    private bool Add(ReadOnlySpan<byte> bytes)
    {
        // Kestrel consumes the preface in one piece, and then whole frames; HTTP/1.1 starts with a method instead.
        _isHttp2 ??= bytes.IsEmpty ? null : bytes.StartsWith("PRI "u8);
        if (_isHttp2 != true) return true;
        while (!bytes.IsEmpty)
        {
            if (_bytesToSkip > 0)
            {
                var skipped = (int)Math.Min(_bytesToSkip, bytes.Length);
                _bytesToSkip -= skipped;
                bytes = bytes[skipped..];
                continue;
            }

            if (!TakeHeader(ref bytes)) return true;
            _hasBegun = true;
            if (!Admit()) return false;
        }

        return true;
    }

    // A window update is read with its payload, the others are judged by their header.
    private bool TakeHeader(ref ReadOnlySpan<byte> bytes)
    {
        while (_headerBytes < Needed && !bytes.IsEmpty)
        {
            var taken = Math.Min(Needed - _headerBytes, bytes.Length);
            bytes[..taken].CopyTo(_header.AsSpan(_headerBytes));
            _headerBytes += taken;
            bytes = bytes[taken..];
        }

        if (_headerBytes < Needed) return false;
        _bytesToSkip = Length - (_headerBytes - HeaderBytes);
        _headerBytes = 0;
        return true;
    }

    private int Needed => _headerBytes >= HeaderBytes && Type == FrameType.WindowUpdate && Length == sizeof(uint)
        ? _header.Length
        : HeaderBytes;

    private int Length => (_header[0] << 16) | (_header[1] << 8) | _header[2];

    private FrameType Type => (FrameType)_header[3];

    private bool Admit()
    {
        var isEndOfStream = (_header[4] & 1) != 0;
        if (Type == FrameType.Headers)
        {
            _left = Math.Min(_left + AllowanceOfRequest, _allowanceMax);
            _requests++;
        }

        var cost = Type switch
        {
            FrameType.Data => Length == 0 && !isEndOfStream ? 1 : 0,
            FrameType.Headers => 0,
            FrameType.WindowUpdate => CostOfWindowStep(),
            FrameType.ResetStream => CostOfReset,
            _ => 1,
        };
        if (cost >= CostOfReset) _taken += cost;
        if (cost == 0 || (_left -= cost) >= 0) return true;

        // What was sent and the clock are asked only when the allowance is used up.
        _left = (int)Math.Min(Interlocked.Exchange(ref _bytesSent, 0) / BytesSentPerFrame, _allowanceMax);
        if ((_left -= cost) >= 0) return true;

        var now = _options.Time.GetTimestamp();
        var isSameSecond = _options.Time.GetElapsedTime(_secondBegan, now) < TimeSpan.FromSeconds(1);
        if (_secondBegan != 0 && isSameSecond) return !(_isFlood = true);
        _secondBegan = now;
        _left = _options.MaxIdleFramesPerSecond;
        return true;
    }

    private int CostOfWindowStep()
    {
        var step = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(HeaderBytes));
        var isOfStream = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(StreamAt)) != 0;
        if (isOfStream && step is 0 or > WindowStepMax) return CostOfBadStep;
        return step < WindowStepMin ? 1 : 0;
    }

    private enum FrameType : byte
    {
        Data = 0,
        Headers = 1,
        ResetStream = 3,
        WindowUpdate = 8,
    }
}
