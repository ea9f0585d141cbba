using Google.Protobuf;
using Grpc.Testing;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

public class FrameTests
{
    private static readonly byte[] Message = Client.Frame(new SimpleRequest { ResponseSize = 1 });

    private static readonly TransportOptions Small = new()
    {
        MaxMessageBytes = 100,
        MaxBatchMessageBytes = 1000,
        IsBatch = method => method.Name == "CacheableUnaryCall",
    };

    public static TheoryData<string, byte[], RpcStatus> Wrong => new()
    {
        { "no message", [], RpcStatus.Unimplemented },
        { "two messages", [.. Message, .. Message], RpcStatus.Internal },
        { "garbage after the message", [.. Message, 1, 2, 3], RpcStatus.Internal },
        { "half a head", [0, 0, 0], RpcStatus.Internal },
        { "half a message", Message[..^1], RpcStatus.Internal },
        { "a length of four gigabytes", [0, 0xFF, 0xFF, 0xFF, 0xFF], RpcStatus.ResourceExhausted },
        { "an unknown flag", Client.Frame([], flag: 2), RpcStatus.Internal },
        { "no protobuf", Client.Frame([0xFF, 0xFF, 0xFF]), RpcStatus.InvalidArgument },
        { "field number zero", Client.Frame([0x00, 0x01]), RpcStatus.InvalidArgument },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_call_with_the_wrong_frames_is_refused(string what, byte[] body, RpcStatus expected)
    {
        var isCalled = false;
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, _) =>
            {
                isCalled = true;
                return ValueTask.FromResult(new SimpleResponse());
            },
        });

        var reply = await host.CallRaw("UnaryCall", body);

        Assert.True(expected == reply.Status, $"{what}: {reply.Status}");
        Assert.False(isCalled);
    }

    [Fact]
    public async Task A_stream_may_be_empty_but_not_broken()
    {
        await using var host = await TestHost.Start(new ScriptedService());
        var part = Client.Frame(new StreamingInputCallRequest { Payload = Some.Payload(2) });

        var none = await host.CallRaw("StreamingInputCall", []);
        var three = await host.CallRaw("StreamingInputCall", [.. part, .. part, .. part]);
        var broken = await host.CallRaw("StreamingInputCall", [.. part, .. part[..^1]]);

        Assert.Equal(0, none.Only<StreamingInputCallResponse>().AggregatedPayloadSize);
        Assert.Equal(6, three.Only<StreamingInputCallResponse>().AggregatedPayloadSize);
        Assert.Equal(RpcStatus.Internal, broken.Status);
    }

    [Fact]
    public async Task A_message_may_be_as_large_as_the_limit_and_no_larger()
    {
        await using var host = await TestHost.Start(new ScriptedService(), Small);

        Assert.Equal(RpcStatus.Ok, (await host.Call("UnaryCall", OfSize(100))).Status);
        Assert.Equal(RpcStatus.ResourceExhausted, (await host.Call("UnaryCall", OfSize(101))).Status);
        Assert.Equal(RpcStatus.Ok, (await host.Call("CacheableUnaryCall", OfSize(1000))).Status);
        Assert.Equal(RpcStatus.ResourceExhausted, (await host.Call("CacheableUnaryCall", OfSize(1001))).Status);
    }

    [Fact]
    public async Task An_announced_size_above_the_limit_is_refused_before_the_message_comes()
    {
        await using var host = await TestHost.Start(new ScriptedService(), Small);
        using var stream = OpenStream.Start(host, "StreamingInputCall");

        // The stream is never finished: whoever waits for the message waits for ever.
        await stream.Write(new StreamingInputCallRequest { Payload = Some.Payload(200) });

        Assert.Equal(RpcStatus.ResourceExhausted, (await stream.Rest()).Status);
    }

    [Fact]
    public async Task Messages_cut_at_any_place_are_put_together()
    {
        await using var host = await TestHost.Start(new ScriptedService());
        var wanted = OfSize(50);
        var frame = Client.Frame(wanted);

        for (var cut = 1; cut < frame.Length; cut++)
        {
            var request = Client.Request(Client.Service + "UnaryCall", new InTwoParts(frame, cut), "application/grpc");
            Assert.Equal(RpcStatus.Ok, (await Client.Send(host.Grpc, request)).Status);
        }
    }

    [Fact]
    public async Task Requests_and_responses_of_a_stream_take_turns()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            Duplex = async (requests, responses, _) =>
            {
                await foreach (var request in requests)
                {
                    await responses.Write(new StreamingOutputCallResponse { Payload = request.Payload });
                }
            },
        });
        using var stream = OpenStream.Start(host, "FullDuplexCall");

        for (byte i = 0; i < 5; i++)
        {
            var payload = new Payload { Body = ByteString.CopyFrom(i) };
            await stream.Write(new StreamingOutputCallRequest { Payload = payload });
            Assert.Equal(payload, (await stream.Read<StreamingOutputCallResponse>()).Payload);
        }

        stream.Finish();
        Assert.Equal("0", await stream.Status());
    }

    [Fact]
    public async Task Headers_can_be_sent_before_the_first_message()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            Duplex = async (requests, responses, call) =>
            {
                call.AddResponseHeader("x-ready", "yes");
                await responses.SendHeaders();
                await requests.MoveNext();
            },
        });
        using var stream = OpenStream.Start(host, "FullDuplexCall");

        var response = await stream.Response().WaitAsync(Some.Patience);
        stream.Finish();

        Assert.Equal("yes", Assert.Single(response.Headers.GetValues("x-ready")));
        Assert.Equal("0", Assert.Single((await stream.Rest()).Trailers["grpc-status"]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4_000)]
    [InlineData(4_091)]
    [InlineData(4_092)]
    [InlineData(1_000_000)]
    public async Task Responses_of_any_size_arrive_whole(int size)
    {
        var body = new byte[size];
        new Random(size).NextBytes(body);
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, _) => ValueTask.FromResult(
                new SimpleResponse { Payload = new Payload { Body = ByteString.CopyFrom(body) } }),
        });

        var reply = await host.Call("UnaryCall", new SimpleRequest());

        Assert.Equal(body, reply.Only<SimpleResponse>().Payload.Body.ToByteArray());
        Assert.Equal(RpcStatus.Ok, reply.Status);
    }

    private static SimpleRequest OfSize(int bytes)
    {
        var request = new SimpleRequest { Payload = new Payload() };
        for (var size = 0; request.CalculateSize() < bytes; size++) request.Payload = Some.Payload(size);
        Assert.Equal(bytes, request.CalculateSize());
        return request;
    }

    private sealed class InTwoParts(byte[] bytes, int cut) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, cut));
            await stream.FlushAsync();
            await stream.WriteAsync(bytes.AsMemory(cut));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
