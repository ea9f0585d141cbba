using System.Net.Sockets;
using Grpc.Testing;
using Retention.Transport.Hosting;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

/// <summary>What all calls together may hold.</summary>
public class BudgetTests
{
    private const int BodyBytes = 10_000;

    [Fact]
    public void The_default_is_64_MiB() => Assert.Equal(64 << 20, new TransportOptions().MaxRequestBytesInFlight);

    [Fact]
    public void What_does_not_fit_takes_nothing()
    {
        var budget = new ByteBudget(100);

        Assert.True(budget.TryTake(60));
        Assert.False(budget.TryTake(41));
        Assert.True(budget.TryTake(40));
        budget.GiveBack(60);
        Assert.Equal(40, budget.Held);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_beyond_the_budget_are_refused_and_room_comes_back(bool isGzip)
    {
        var (goOn, entered) = (new TaskCompletionSource(), 0);
        var service = new ScriptedService
        {
            Unary = async (_, _) =>
            {
                Interlocked.Increment(ref entered);
                await goOn.Task;
                return new SimpleResponse();
            },
        };

        // Room for three; a gzipped one is counted unpacked.
        await using var host = await TestHost.Start(service, new TransportOptions { MaxRequestBytesInFlight = (3 * BodyBytes) + 1_000 });
        var held = Enumerable.Range(0, 3).Select(_ => Call(host, isGzip)).ToArray();
        while (Volatile.Read(ref entered) < 3) await Task.Delay(5);

        var refused = await Call(host, isGzip);

        Assert.Equal(RpcStatus.ResourceExhausted, refused.Status);
        Assert.Contains("max_request_bytes_in_flight", refused.Message);
        var details = Rpc.Status.Parser.ParseFrom(FromBase64(refused.One("grpc-status-details-bin")));
        Assert.True(details.Details[0].Unpack<Rpc.RetryInfo>().RetryDelay.ToTimeSpan() > TimeSpan.Zero);
        Assert.Equal(RpcStatus.Ok, (await host.Call("EmptyCall", new Empty())).Status);
        goOn.SetResult();
        Assert.All(await Task.WhenAll(held), reply => Assert.Equal(RpcStatus.Ok, reply.Status));
        for (var more = 0; more < 10; more++) Assert.Equal(RpcStatus.Ok, (await Call(host, isGzip)).Status);
    }

    [Fact]
    public async Task A_message_that_only_trickles_in_is_counted_by_what_has_come()
    {
        await using var host = await TestHost.Start(
            new ScriptedService(), new TransportOptions { MaxRequestBytesInFlight = 2 * BodyBytes });
        var announced = Client.Frame(Big);
        var slow = new List<RawHttp2>();

        // Ten that together announce five times the room, and send next to nothing of it.
        for (var number = 0; number < 10; number++)
        {
            var connection = await RawHttp2.Connect(host.GrpcAddress);
            await connection.Call(1, Client.Service + "UnaryCall", body: null);
            await connection.Send(RawHttp2.Data, 0, 1, announced[..100]);
            slow.Add(connection);
        }

        Assert.Equal(RpcStatus.Ok, (await Call(host, isGzip: false)).Status);

        // Two that have sent nearly all hold the room.
        foreach (var connection in slow.Take(2)) await connection.Send(RawHttp2.Data, 0, 1, announced[100..^500]);
        Reply reply;
        do reply = await Call(host, isGzip: false);
        while (reply.Status == RpcStatus.Ok);
        Assert.Equal(RpcStatus.ResourceExhausted, reply.Status);
        foreach (var connection in slow) await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_lets_go_of_each_message_when_it_reads_the_next()
    {
        await using var host = await TestHost.Start(
            new ScriptedService(), new TransportOptions { MaxRequestBytesInFlight = 4 * BodyBytes });
        var stream = OpenStream.Start(host, "FullDuplexCall");

        for (var number = 0; number < 20; number++)
        {
            await stream.Write(new StreamingOutputCallRequest { Payload = Big.Payload });
            await stream.Read<StreamingOutputCallResponse>();
        }

        stream.Finish();
        Assert.Equal("0", await stream.Status());
    }

    [Fact]
    public async Task A_connection_that_says_nothing_is_closed()
    {
        var options = new TransportOptions { FirstByteTimeout = TimeSpan.FromMilliseconds(300) };
        await using var host = await TestHost.Start(new ScriptedService(), options);
        using var client = new TcpClient();
        await client.ConnectAsync(host.GrpcAddress.Host, host.GrpcAddress.Port);

        var read = await Record.ExceptionAsync(async () =>
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Some.Patience)));

        Assert.True(read is null or IOException, $"{read}");
        Assert.Equal(TimeSpan.FromSeconds(10), new TransportOptions().FirstByteTimeout);
    }

    private static byte[] FromBase64(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));

    private static SimpleRequest Big => new() { Payload = Some.Payload(BodyBytes) };

    private static Task<Reply> Call(TestHost host, bool isGzip) => isGzip
        ? host.CallRaw("UnaryCall", Client.Frame(Client.Zip(Google.Protobuf.MessageExtensions.ToByteArray(Big)), flag: 1), ("grpc-encoding", "gzip"))
        : host.Call("UnaryCall", Big);
}
