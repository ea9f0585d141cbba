using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Retention.Transport.Tests.Support;

/// <summary>An HTTP/2 connection that sends whatever frames a test wants, also what no client library sends.</summary>
internal sealed class RawHttp2 : IAsyncDisposable
{
    public const byte Data = 0, Headers = 1, ResetStream = 3, Settings = 4, Ping = 6, WindowUpdate = 8;
    public const byte EndStream = 1, EndHeaders = 4, Acknowledge = 1;

    private readonly TcpClient _tcp = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(1));
    private Stream _stream = Stream.Null;

    public static async Task<RawHttp2> Connect(Uri address, int streamWindow = 65_535)
    {
        var connection = new RawHttp2();
        // INITIAL_WINDOW_SIZE = 4
        var settings = new byte[6];
        settings[1] = 4;
        BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(2), streamWindow);
        try
        {
            await connection._tcp.ConnectAsync(address.Host, address.Port);
            connection._stream = connection._tcp.GetStream();
            await connection.Send([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, settings)]);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // The server may refuse the connection this early; the next read says so.
        }

        return connection;
    }

    public static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    public Task Send(byte type, byte flags, int stream, byte[] payload) => Send(Frame(type, flags, stream, payload));

    public Task Send(byte[] bytes) => _stream.WriteAsync(bytes, _patience.Token).AsTask();

    /// <summary>Begins a call; without a body its stream stays open.</summary>
    public async Task Call(int stream, string path, byte[]? body)
    {
        var block = new MemoryStream();
        foreach (var (name, value) in new[]
        {
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        })
        {
            // A literal that is not indexed: 0, length and name, length and value.
            block.WriteByte(0);
            block.WriteByte((byte)name.Length);
            block.Write(Encoding.ASCII.GetBytes(name));
            block.WriteByte((byte)value.Length);
            block.Write(Encoding.ASCII.GetBytes(value));
        }

        await Send(Headers, EndHeaders, stream, block.ToArray());
        if (body is not null) await Send(Data, EndStream, stream, body);
    }

    /// <summary>Reads frames until one fits; null when the server closes the connection first.</summary>
    public async Task<(byte Type, int Stream, byte[] Payload)?> ReadUntil(Func<byte, int, bool> isWanted)
    {
        try
        {
            var header = new byte[9];
            while (true)
            {
                await _stream.ReadExactlyAsync(header, _patience.Token);
                var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(header) >> 8];
                await _stream.ReadExactlyAsync(payload, _patience.Token);
                var stream = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
                if (isWanted(header[3], stream)) return (header[3], stream, payload);
            }
        }
        catch (IOException)
        {
            return null;
        }
    }

    public ValueTask DisposeAsync()
    {
        _tcp.Dispose();
        _patience.Dispose();
        return default;
    }
}
