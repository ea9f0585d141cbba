using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Testing;
using Retention.Transport.Hosting;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

public class AbuseTests
{
    private static readonly byte[] EmptyMessage = new byte[5];

    [Fact]
    public async Task A_reader_that_takes_nothing_loses_its_stream()
    {
        var ended = new TaskCompletionSource<Exception?>();
        var options = new TransportOptions { WriteStallTimeout = TimeSpan.FromMilliseconds(200) };
        await using var host = await TestHost.Start(
            new ScriptedService
            {
                ServerStream = async (_, responses, _) =>
                {
                    ended.SetResult(await Record.ExceptionAsync(() => WriteForEver(responses)));
                },
            },
            options);
        await using var connection = await RawHttp2.Connect(host.GrpcAddress);

        // The window of 64 KiB is never opened again.
        await connection.Call(1, Client.Service + "StreamingOutputCall", EmptyMessage);

        Assert.IsAssignableFrom<OperationCanceledException>(await ended.Task.WaitAsync(Some.Patience));
        Assert.NotNull(await connection.ReadUntil((type, stream) => type == RawHttp2.ResetStream && stream == 1));

        // Only the stream is lost: the connection still answers.
        await connection.Send(RawHttp2.Ping, 0, 0, new byte[8]);
        Assert.NotNull(await connection.ReadUntil((type, _) => type == RawHttp2.Ping));
    }

    [Fact]
    public async Task A_large_answer_that_is_not_taken_loses_its_stream_too()
    {
        var options = new TransportOptions { WriteStallTimeout = TimeSpan.FromMilliseconds(200) };
        await using var host = await TestHost.Start(
            new ScriptedService
            {
                Unary = (_, _) => ValueTask.FromResult(new SimpleResponse { Payload = Some.Payload(1_000_000) }),
            },
            options);
        await using var connection = await RawHttp2.Connect(host.GrpcAddress);

        await connection.Call(1, Client.Service + "UnaryCall", EmptyMessage);

        Assert.NotNull(await connection.ReadUntil((type, stream) => type == RawHttp2.ResetStream && stream == 1));
    }

    public static TheoryData<string, byte[]> Floods => new()
    {
        { "pings", RawHttp2.Frame(RawHttp2.Ping, 0, 0, new byte[8]) },
        { "acknowledged pings", RawHttp2.Frame(RawHttp2.Ping, RawHttp2.Acknowledge, 0, new byte[8]) },
        { "settings", RawHttp2.Frame(RawHttp2.Settings, 0, 0, []) },
        { "empty data", RawHttp2.Frame(RawHttp2.Data, 0, 1, []) },
        { "tiny window updates", RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 1, [0, 0, 0, 1]) },
        { "unknown frames", RawHttp2.Frame(0x77, 0, 0, [1]) },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task A_flood_of_frames_without_work_closes_the_connection(string what, byte[] frame)
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            Duplex = (_, _, call) => Task.Delay(Timeout.Infinite, call.Cancellation),
        });
        await using var connection = await RawHttp2.Connect(host.GrpcAddress);
        var open = Record.ExceptionAsync(async () =>
        {
            await connection.Call(1, Client.Service + "FullDuplexCall", body: null);
            var burst = Enumerable.Repeat(frame, 100).SelectMany(bytes => bytes).ToArray();
            for (var i = 0; i < 200; i++) await connection.Send(burst);
        });

        // Answers to pings and settings are read, so that nobody waits for the other.
        var last = await connection.ReadUntil((_, _) => false);
        await open;

        Assert.True(last is null, what);
        Assert.Contains("Connection closed", host.Log);
    }

    [Theory]
    [InlineData("PRI * HTTP")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0")]
    public async Task A_beginning_that_never_ends_closes_the_connection(string beginning)
    {
        var options = new TransportOptions { RequestHeadersTimeout = TimeSpan.FromMilliseconds(300) };
        await using var host = await TestHost.Start(new ScriptedService(), options);
        using var client = new TcpClient();
        await client.ConnectAsync(host.GrpcAddress.Host, host.GrpcAddress.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(beginning));

        var end = await Record.ExceptionAsync(() => ReadToEnd(stream).WaitAsync(Some.Patience));

        Assert.True(end is null or IOException, $"{end}");
        Assert.Contains("Connection closed", host.Log);
    }

    [Fact]
    public async Task A_connection_that_has_begun_may_wait_for_its_first_request()
    {
        var options = new TransportOptions { RequestHeadersTimeout = TimeSpan.FromMilliseconds(300) };
        await using var host = await TestHost.Start(new ScriptedService(), options);
        await using var connection = await RawHttp2.Connect(host.GrpcAddress);

        await Task.Delay(TimeSpan.FromSeconds(1));

        await connection.Send(RawHttp2.Ping, 0, 0, new byte[8]);
        Assert.NotNull(await connection.ReadUntil((type, _) => type == RawHttp2.Ping));
    }

    [Fact]
    public void A_busy_client_is_not_taken_for_a_flood()
    {
        var count = Begin(out _);
        var request = Join(
            RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, 1, new byte[40]),
            RawHttp2.Frame(RawHttp2.Data, RawHttp2.EndStream, 1, new byte[30]),
            RawHttp2.Frame(RawHttp2.Ping, 0, 0, new byte[8]),
            RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 1, [0, 0, 0, 9]),
            RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 0, [0, 0, 0, 9]));

        for (var i = 0; i < 50_000; i++) Assert.True(count.Add(request));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Who_takes_back_every_request_is_a_flood_and_who_takes_back_half_is_not(int requestsPerReset, bool isFlood)
    {
        var count = Begin(out _);
        var request = RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, 1, new byte[40]);
        var round = Join(
        [
            .. Enumerable.Repeat(request, requestsPerReset), RawHttp2.Frame(RawHttp2.ResetStream, 0, 1, [0, 0, 0, 8]),
        ]);

        var admitted = Enumerable.Range(0, 5_000).TakeWhile(_ => count.Add(round)).Count();

        if (isFlood) Assert.InRange(admitted, 200, 300);
        else Assert.Equal(5_000, admitted);
        Assert.Equal(isFlood ? 1 : 0, count.FloodShare);
    }

    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(2, 0)]
    public void Who_takes_back_every_request_and_leaves_in_time_was_a_part_of_a_flood(int requestsPerReset, double share)
    {
        var count = Begin(out _);
        var request = RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, 1, new byte[40]);
        var round = Join(
        [
            .. Enumerable.Repeat(request, requestsPerReset), RawHttp2.Frame(RawHttp2.ResetStream, 0, 1, [0, 0, 0, 8]),
        ]);

        for (var number = 0; number < 125; number++) Assert.True(count.Add(round));

        Assert.Equal(share, count.FloodShare);
    }

    [Theory]
    [InlineData(1, 0u, true)]
    [InlineData(1, 0x7fffffffu, true)]
    [InlineData(1, 1u << 20, false)]
    [InlineData(0, 0x7fff0000u, false)]
    public void Windows_that_make_the_server_reset_streams_are_a_flood(int stream, uint step, bool isFlood)
    {
        var count = Begin(out _);
        var window = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(window, step);
        var round = Join(
            RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, 1, new byte[40]), RawHttp2.Frame(RawHttp2.WindowUpdate, 0, stream, window));

        var admitted = Enumerable.Range(0, 5_000).TakeWhile(_ => count.Add(round)).Count();

        // Each costs the server an exception, so that far fewer are let through than requests that are taken back.
        if (isFlood) Assert.InRange(admitted, 10, 20);
        else Assert.Equal(5_000, admitted);
    }

    [Theory]
    [InlineData(1024, true)]
    [InlineData(17, false)]
    public void Pings_are_paid_by_what_the_server_sends_but_not_by_their_own_answers(int bytesSent, bool expected)
    {
        var count = Begin(out _);
        var ping = Join(RawHttp2.Frame(RawHttp2.Ping, 0, 0, new byte[8]));

        var isAllowed = Enumerable.Range(0, 50_000).All(_ =>
        {
            count.Sent(bytesSent);
            return count.Add(ping);
        });

        Assert.Equal(expected, isAllowed);
    }

    [Fact]
    public void Frames_are_counted_by_the_second_however_they_are_cut()
    {
        var ping = RawHttp2.Frame(RawHttp2.Ping, 0, 0, new byte[8]);
        foreach (var cut in (int[])[1, 4, 9, 13, 16])
        {
            var count = Begin(out var clock);
            for (var second = 0; second < 3; second++)
            {
                // The first frame of a second is the one that opens it.
                for (var i = 0; i <= 1000; i++)
                {
                    Assert.True(count.Add(Join(ping[..cut])));
                    Assert.True(count.Add(Join(ping[cut..])));
                }

                Assert.False(count.Add(Join(ping)) && second == 2);
                clock.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }

    [Fact]
    public void Http1_is_not_counted()
    {
        var count = new FrameCount(new TransportOptions { Time = new FakeClock() });
        var request = Join("GET / HTTP/1.1\r\n\r\n"u8.ToArray());

        for (var i = 0; i < 5000; i++) Assert.True(count.Add(request));
    }

    [Fact]
    public void An_address_may_open_so_many_connections_and_then_so_many_a_second()
    {
        var clock = new FakeClock();
        var rate = new ConnectionRate(new TransportOptions { Time = clock });
        var till = IPAddress.Parse("192.0.2.1");

        Assert.Equal(100, Enumerable.Range(0, 1000).Count(_ => rate.IsAllowed(till)));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(20, Enumerable.Range(0, 1000).Count(_ => rate.IsAllowed(till)));
        Assert.True(rate.IsAllowed(IPAddress.Parse("192.0.2.2")));
        Assert.Equal(1000, Enumerable.Range(0, 1000).Count(_ => rate.IsAllowed(IPAddress.Loopback)));
    }

    [Fact]
    public void A_flood_counts_as_many_connections_and_is_forgiven_in_seconds()
    {
        var clock = new FakeClock();
        var rate = new ConnectionRate(new TransportOptions { Time = clock });
        var till = IPAddress.Parse("192.0.2.1");
        Assert.True(rate.IsAllowed(till));

        for (var flood = 0; flood < 100; flood++) rate.Charge(new IPEndPoint(till, 1), 1);

        Assert.False(rate.IsAllowed(till));
        Assert.True(rate.IsAllowed(IPAddress.Parse("192.0.2.2")));
        clock.Advance(TimeSpan.FromSeconds(5.5));
        Assert.Equal(10, Enumerable.Range(0, 1000).Count(_ => rate.IsAllowed(till)));
    }

    [Fact]
    public async Task A_connection_above_the_rate_is_closed_at_once()
    {
        var options = new TransportOptions
        {
            LimitLoopbackConnections = true,
            ConnectionBurstPerAddress = 2,
            ConnectionsPerSecondPerAddress = 1,
            Time = new FakeClock(),
        };
        await using var host = await TestHost.Start(new ScriptedService(), options);

        // One after the other: connections that wait together are not judged in the order of their coming.
        await using var first = await RawHttp2.Connect(host.GrpcAddress);
        Assert.NotNull(await first.ReadUntil((type, _) => type == RawHttp2.Settings));
        await using var second = await RawHttp2.Connect(host.GrpcAddress);
        Assert.NotNull(await second.ReadUntil((type, _) => type == RawHttp2.Settings));
        await using var third = await RawHttp2.Connect(host.GrpcAddress);
        Assert.Null(await third.ReadUntil((type, _) => type == RawHttp2.Settings));
    }

    [Fact]
    public async Task Connections_above_the_limit_are_refused_and_their_places_come_back()
    {
        var options = new TransportOptions { MaxConcurrentConnections = 3 };
        await using var host = await TestHost.Start(new ScriptedService(), options);

        // Together more than there are places, so that a place that is lost is missed.
        for (var round = 0; round < 3; round++)
        {
            var connections = new List<RawHttp2>();
            for (var i = 0; i < 30; i++) connections.Add(await RawHttp2.Connect(host.GrpcAddress));
            var served = 0;
            foreach (var connection in connections) served += await IsServed(connection) ? 1 : 0;
            foreach (var connection in connections) await connection.DisposeAsync();

            Assert.InRange(served, 1, 3);
            await UntilServed(host);
        }
    }

    private static async Task<bool> IsServed(RawHttp2 connection) =>
        await connection.ReadUntil((type, _) => type == RawHttp2.Settings) is not null;

    private static async Task ReadToEnd(Stream stream)
    {
        var buffer = new byte[1024];
        while (await stream.ReadAsync(buffer) > 0)
        {
        }
    }

    // The server notices a moment later that a connection was closed.
    private static async Task UntilServed(TestHost host)
    {
        for (var attempt = 0; attempt < 2000; attempt++)
        {
            await using var connection = await RawHttp2.Connect(host.GrpcAddress);
            if (await IsServed(connection)) return;
        }

        Assert.Fail("No connection is served any more.");
    }

    private static async Task WriteForEver(RpcWriter<StreamingOutputCallResponse> responses)
    {
        var message = new StreamingOutputCallResponse { Payload = Some.Payload(1000) };
        while (true) await responses.Write(message);
    }

    private static FrameCount Begin(out FakeClock clock)
    {
        clock = new FakeClock();
        var count = new FrameCount(new TransportOptions { Time = clock });
        Assert.True(count.Add(Join("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray())));
        return count;
    }

    private static ReadOnlySequence<byte> Join(params byte[][] frames) => new([.. frames.SelectMany(frame => frame)]);
}
