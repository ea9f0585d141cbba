using Google.Protobuf;
using Grpc.Testing;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

public class CompressionTests
{
    private static readonly byte[] Request = new SimpleRequest { ResponseSize = 7 }.ToByteArray();

    [Fact]
    public async Task A_compressed_request_is_read_and_its_flag_is_seen()
    {
        var seen = new List<(int, bool)>();
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (request, call) =>
            {
                seen.Add((request.ResponseSize, call.IsRequestCompressed));
                return ValueTask.FromResult(new SimpleResponse());
            },
        });

        var packed = Client.Frame(Client.Zip(Request), flag: 1);
        var plain = Client.Frame(Request);
        Assert.Equal(RpcStatus.Ok, (await host.CallRaw("UnaryCall", packed, ("grpc-encoding", "gzip"))).Status);
        Assert.Equal(RpcStatus.Ok, (await host.CallRaw("UnaryCall", plain, ("grpc-encoding", "gzip"))).Status);

        Assert.Equal([(7, true), (7, false)], seen);
    }

    [Fact]
    public async Task A_response_is_compressed_where_the_method_wants_it_and_the_caller_reads_it()
    {
        var body = ByteString.CopyFrom(new byte[10_000]);
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (request, call) =>
            {
                call.CompressReply = request.ResponseCompressed.Value;
                return ValueTask.FromResult(new SimpleResponse { Payload = new Payload { Body = body } });
            },
        });

        var packed = await host.Call("UnaryCall", Wanting(true), ("grpc-accept-encoding", "identity, deflate,gzip"));
        var plain = await host.Call("UnaryCall", Wanting(false), ("grpc-accept-encoding", "gzip"));
        var unread = await host.Call("UnaryCall", Wanting(true), ("grpc-accept-encoding", "identity"));

        var (flag, bytes) = Assert.Single(packed.Frames);
        Assert.Equal("gzip", packed.One("grpc-encoding"));
        Assert.Equal(1, flag);
        Assert.InRange(bytes.Length, 1, 500);
        Assert.Equal([0x1F, 0x8B], bytes[..2]);
        Assert.Equal((0, false), (plain.Frames[0].Flag, plain.Headers.Contains("grpc-encoding")));
        Assert.Equal((0, false), (unread.Frames[0].Flag, unread.Headers.Contains("grpc-encoding")));
        Assert.Equal(body, plain.Only<SimpleResponse>().Payload.Body);
    }

    [Fact]
    public async Task Each_message_of_a_stream_is_compressed_or_not_by_itself()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            ServerStream = async (request, responses, call) =>
            {
                foreach (var wanted in request.ResponseParameters)
                {
                    call.CompressReply = wanted.Compressed.Value;
                    await responses.Write(new StreamingOutputCallResponse());
                }
            },
        });
        var request = new StreamingOutputCallRequest();
        foreach (var isPacked in (bool[])[true, false, true])
        {
            request.ResponseParameters.Add(new ResponseParameters { Compressed = new BoolValue { Value = isPacked } });
        }

        var reply = await host.Call("StreamingOutputCall", request, ("grpc-accept-encoding", "gzip"));

        Assert.Equal([1, 0, 1], reply.Frames.Select(frame => frame.Flag));
    }

    [Fact]
    public async Task A_message_that_unpacks_to_more_than_the_limit_is_refused()
    {
        await using var host = await TestHost.Start(new ScriptedService());
        var bomb = Client.Zip(new byte[50_000_000]);
        Assert.InRange(bomb.Length, 1, 64 * 1024);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        var reply = await host.CallRaw("UnaryCall", Client.Frame(bomb, flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal(RpcStatus.ResourceExhausted, reply.Status);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 4_000_000);
    }

    [Fact]
    public async Task An_encoding_that_is_not_known_is_refused_with_those_that_are()
    {
        await using var host = await TestHost.Start(new ScriptedService());

        var reply = await host.CallRaw("UnaryCall", Client.Frame(Request, flag: 1), ("grpc-encoding", "snappy"));

        Assert.Equal(RpcStatus.Unimplemented, reply.Status);
        Assert.Equal("identity,gzip", reply.One("grpc-accept-encoding"));
    }

    [Fact]
    public async Task A_compressed_message_needs_an_encoding_and_real_gzip()
    {
        await using var host = await TestHost.Start(new ScriptedService());
        var zipped = Client.Zip(Request);

        var unnamed = await host.CallRaw("UnaryCall", Client.Frame(zipped, flag: 1));
        var broken = await host.CallRaw("UnaryCall", Client.Frame(Request, flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal(RpcStatus.Internal, unnamed.Status);
        Assert.Equal(RpcStatus.Internal, broken.Status);
    }

    private static SimpleRequest Wanting(bool isPacked) =>
        new() { ResponseCompressed = new BoolValue { Value = isPacked } };
}
