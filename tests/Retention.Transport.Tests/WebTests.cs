using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Testing;
using Retention.Rpc;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

public class WebTests
{
    private const string UnaryPath = Client.Service + "UnaryCall";

    [Fact]
    public async Task A_browser_reads_the_trailers_in_the_body()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            ServerStream = async (_, responses, call) =>
            {
                call.AddTrailer("x-end", "bye");
                await responses.Write(new StreamingOutputCallResponse());
                await responses.Write(new StreamingOutputCallResponse());
            },
        });

        var reply = await Web(host, "StreamingOutputCall", new StreamingOutputCallRequest());

        Assert.Equal("application/grpc-web+proto", reply.One("content-type"));
        Assert.Equal([0, 0, 0x80], reply.Frames.Select(frame => frame.Flag));
        Assert.Equal("grpc-status:0\r\nx-end:bye\r\n", Encoding.ASCII.GetString(reply.Frames[2].Bytes));
    }

    [Fact]
    public async Task A_browser_reads_a_late_refusal_in_the_body_and_an_early_one_in_the_headers()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, _) => throw new RpcFailure(RpcStatus.NotFound, "early"),
            ServerStream = async (_, responses, _) =>
            {
                await responses.Write(new StreamingOutputCallResponse());
                throw new RpcFailure(RpcStatus.Aborted, "late");
            },
        });

        var early = await Web(host, "UnaryCall", new SimpleRequest());
        var late = await Web(host, "StreamingOutputCall", new StreamingOutputCallRequest());

        Assert.Equal((RpcStatus.NotFound, "early"), (early.Status, early.Message));
        Assert.Equal("grpc-status:10\r\ngrpc-message:late\r\n", Encoding.ASCII.GetString(late.Frames[1].Bytes));
    }

    [Fact]
    public async Task Pages_of_allowed_origins_may_call_and_others_not()
    {
        var options = new TransportOptions { AllowedOrigins = ["https://console.example"] };
        await using var host = await TestHost.Start(new ScriptedService(), options);

        var preflight = new HttpRequestMessage(HttpMethod.Options, UnaryPath);
        preflight.Headers.Add("Origin", "https://console.example");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", "content-type,x-grpc-web");
        var asked = await Client.Send(host.Http, preflight);
        var called = await Web(host, "UnaryCall", new SimpleRequest(), ("Origin", "https://console.example"));
        var foreign = await Web(host, "UnaryCall", new SimpleRequest(), ("Origin", "https://evil.example"));

        Assert.Equal(HttpStatusCode.NoContent, asked.HttpStatus);
        Assert.Equal("content-type,x-grpc-web", asked.One("access-control-allow-headers"));
        Assert.Equal("https://console.example", called.One("access-control-allow-origin"));
        Assert.Contains("grpc-status", called.One("access-control-expose-headers"));
        Assert.False(foreign.Headers.Contains("access-control-allow-origin"));
    }

    [Fact]
    public async Task Json_is_answered_with_json()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (request, call) =>
            {
                call.AddResponseHeader("x-head", "h");
                call.AddTrailer("x-tail", "t");
                return ValueTask.FromResult(new SimpleResponse { Username = request.ResponseStatus.Message });
            },
        });

        var reply = await Json(host, """{"responseStatus": {"message": "näh"}, "unknownField": 1}""");

        Assert.Equal((HttpStatusCode.OK, "application/json"), (reply.HttpStatus, reply.One("content-type")));
        Assert.Equal("näh", Parse(reply).GetProperty("username").GetString());
        Assert.Equal(("h", "t"), (reply.One("x-head"), reply.One("trailer-x-tail")));
    }

    [Fact]
    public async Task Protobuf_without_frames_is_answered_in_kind_and_may_be_gzipped()
    {
        await using var host = await TestHost.Start(new ScriptedService());
        var bytes = new SimpleRequest { ResponseStatus = new EchoStatus { Message = "hello" } }.ToByteArray();

        var plain = await Client.Send(host.Http, Client.Request(UnaryPath, bytes, "application/proto"));
        var packed = await Client.Send(
            host.Http, Client.Request(UnaryPath, Client.Zip(bytes), "application/proto", ("content-encoding", "gzip")));

        Assert.Equal("application/proto", plain.One("content-type"));
        Assert.Equal("hello", SimpleResponse.Parser.ParseFrom(plain.Body).Username);
        Assert.Equal(plain.Body, packed.Body);
    }

    public static TheoryData<RpcStatus, int, string> Codes => new()
    {
        { RpcStatus.Cancelled, 499, "canceled" },
        { RpcStatus.Unknown, 500, "unknown" },
        { RpcStatus.InvalidArgument, 400, "invalid_argument" },
        { RpcStatus.DeadlineExceeded, 504, "deadline_exceeded" },
        { RpcStatus.NotFound, 404, "not_found" },
        { RpcStatus.AlreadyExists, 409, "already_exists" },
        { RpcStatus.PermissionDenied, 403, "permission_denied" },
        { RpcStatus.ResourceExhausted, 429, "resource_exhausted" },
        { RpcStatus.FailedPrecondition, 400, "failed_precondition" },
        { RpcStatus.Aborted, 409, "aborted" },
        { RpcStatus.OutOfRange, 400, "out_of_range" },
        { RpcStatus.Unimplemented, 501, "unimplemented" },
        { RpcStatus.Internal, 500, "internal" },
        { RpcStatus.Unavailable, 503, "unavailable" },
        { RpcStatus.DataLoss, 500, "data_loss" },
        { RpcStatus.Unauthenticated, 401, "unauthenticated" },
    };

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task A_refusal_is_an_http_status_with_json(RpcStatus status, int http, string code)
    {
        var reason = new ErrorInfo { Reason = "TOO_LATE", Domain = "retention" };
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, _) => throw new RpcFailure(status, "No.", new Rpc.Status { Details = { Any.Pack(reason) } }),
        });

        var reply = await Json(host, "{}");

        Assert.Equal(http, (int)reply.HttpStatus);
        var error = Parse(reply);
        Assert.Equal((code, "No."), (error.GetProperty("code").GetString(), error.GetProperty("message").GetString()));
        var detail = Assert.Single(error.GetProperty("details").EnumerateArray());
        Assert.Equal("google.rpc.ErrorInfo", detail.GetProperty("type").GetString());
        var value = Assert.Single(MetadataEntry.Decode(detail.GetProperty("value").GetString())!);
        Assert.Equal(reason, ErrorInfo.Parser.ParseFrom(value));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("""{"responseSize": "many"}""")]
    [InlineData("""{"responseSize": 99999999999}""")]
    [InlineData("""{"responseStatus": {"message": "\u0007"}}""")]
    [InlineData("""{"responseStatus": {"message": "\ud800"}}""")]
    public async Task Json_that_is_no_message_is_refused(string json)
    {
        await using var host = await TestHost.Start(new ScriptedService());

        var reply = await Json(host, json);

        Assert.Equal(HttpStatusCode.BadRequest, reply.HttpStatus);
        Assert.Equal("invalid_argument", Parse(reply).GetProperty("code").GetString());
        Assert.Equal("", host.Log);
    }

    [Fact]
    public async Task Limits_and_deadlines_hold_for_json_too()
    {
        await using var host = await TestHost.Start(
            new ScriptedService
            {
                Unary = async (_, call) =>
                {
                    await Task.Delay(Timeout.Infinite, call.Cancellation);
                    return new SimpleResponse();
                },
            },
            new TransportOptions { MaxMessageBytes = 100 });

        var late = await Json(host, "{}", ("connect-timeout-ms", "50"));
        var large = await Json(host, "{" + new string(' ', 100) + "}");
        var bomb = await Client.Send(host.Http, Client.Request(
            UnaryPath, Client.Zip(new byte[1_000_000]), "application/proto", ("content-encoding", "gzip")));
        var unclear = await Json(host, "{}", ("connect-timeout-ms", "soon"));

        Assert.Equal(HttpStatusCode.GatewayTimeout, late.HttpStatus);
        Assert.Equal(HttpStatusCode.TooManyRequests, large.HttpStatus);
        Assert.Equal(HttpStatusCode.TooManyRequests, bomb.HttpStatus);
        Assert.Equal(HttpStatusCode.BadRequest, unclear.HttpStatus);
    }

    [Fact]
    public async Task Streams_are_not_for_json()
    {
        await using var host = await TestHost.Start(new ScriptedService());

        var request = Client.Request(Client.Service + "StreamingOutputCall", "{}"u8.ToArray(), "application/json");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await Client.Send(host.Http, request)).HttpStatus);
    }

    private static Task<Reply> Web(TestHost host, string method, IMessage message, params (string, string)[] headers) =>
        Client.Send(host.Http, Client.Request(
            Client.Service + method, Client.Frame(message), "application/grpc-web+proto", headers));

    private static Task<Reply> Json(TestHost host, string json, params (string, string)[] headers) => Client.Send(
        host.Http, Client.Request(UnaryPath, Encoding.UTF8.GetBytes(json), "application/json; charset=utf-8", headers));

    private static JsonElement Parse(Reply reply) => JsonDocument.Parse(reply.Body).RootElement;
}
