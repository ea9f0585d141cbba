using System.Net;
using Google.Protobuf.WellKnownTypes;
using Grpc.Testing;
using Retention.Rpc;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

public class StatusTests
{
    private static readonly SimpleRequest Anything = new();

    [Fact]
    public async Task A_successful_call_has_its_status_in_the_trailers()
    {
        await using var host = await TestHost.Start(new ScriptedService());

        var reply = await host.Call("UnaryCall", Some.Text("näh"));

        Assert.Equal("näh", reply.Only<SimpleResponse>().Username);
        Assert.Equal("0", Assert.Single(reply.Trailers["grpc-status"]));
        Assert.Equal("application/grpc", reply.One("content-type"));
    }

    [Fact]
    public async Task A_refusal_before_the_first_message_is_sent_as_trailers_only()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, _) => throw new RpcFailure(RpcStatus.FailedPrecondition, "100 % \u263a\r\n zu spät"),
        });

        var reply = await host.Call("UnaryCall", Anything);

        Assert.True(reply.IsTrailersOnly);
        Assert.Equal(HttpStatusCode.OK, reply.HttpStatus);
        Assert.Equal(RpcStatus.FailedPrecondition, reply.Status);
        Assert.Equal("100 %25 %E2%98%BA%0D%0A zu sp%C3%A4t", reply.One("grpc-message"));
    }

    [Fact]
    public async Task A_refusal_that_is_returned_is_sent_like_one_that_is_thrown()
    {
        var refusal = new RpcFailure(RpcStatus.FailedPrecondition, "sold out").WithTrailer("x-left", "0");
        await using var returning = await TestHost.Start(new ScriptedService
        {
            Unary = (_, call) => ValueTask.FromResult(call.Refuse<SimpleResponse>(refusal)),
        });
        await using var throwing = await TestHost.Start(new ScriptedService { Unary = (_, _) => throw refusal });

        var returned = await returning.Call("UnaryCall", Anything);
        var thrown = await throwing.Call("UnaryCall", Anything);

        Assert.True(returned.IsTrailersOnly);
        foreach (var reply in (Reply[])[returned, thrown])
        {
            Assert.Equal((RpcStatus.FailedPrecondition, "sold out"), (reply.Status, reply.Message));
            Assert.Equal("0", reply.One("x-left"));
        }
    }

    [Fact]
    public async Task A_refusal_after_a_message_is_sent_in_the_trailers()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            ServerStream = async (_, responses, _) =>
            {
                await responses.Write(new StreamingOutputCallResponse());
                throw new RpcFailure(RpcStatus.Aborted, "stopped").WithTrailer("x-why", "tired");
            },
        });

        var reply = await host.Call("StreamingOutputCall", new StreamingOutputCallRequest());

        Assert.Single(reply.Frames);
        Assert.Equal("10", Assert.Single(reply.Trailers["grpc-status"]));
        Assert.Equal("tired", Assert.Single(reply.Trailers["x-why"]));
    }

    [Fact]
    public async Task Details_carry_the_code_the_message_and_the_reason()
    {
        var reason = new ErrorInfo { Reason = "TOO_FEW_POINTS", Domain = "retention", Metadata = { ["left"] = "7" } };
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, _) => throw new RpcFailure(
                RpcStatus.FailedPrecondition, "Too few points.", new Rpc.Status { Details = { Any.Pack(reason) } }),
        });

        var reply = await host.Call("UnaryCall", Anything);

        var text = reply.One("grpc-status-details-bin");
        Assert.DoesNotContain('=', text);
        var status = Rpc.Status.Parser.ParseFrom(Assert.Single(MetadataEntry.Decode(text)!));
        Assert.Equal((9, "Too few points."), (status.Code, status.Message));
        Assert.Equal(reason, Assert.Single(status.Details).Unpack<ErrorInfo>());
    }

    [Fact]
    public async Task An_exception_is_told_by_an_error_id_only()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, _) => throw new InvalidOperationException("Anna Schmidt, anna@example.org"),
        });

        var reply = await host.Call("UnaryCall", Anything);

        Assert.Equal(RpcStatus.Internal, reply.Status);
        var errorId = reply.Message.Split(' ')[^1].TrimEnd('.');
        Assert.Equal(32, errorId.Length);
        Assert.DoesNotContain("Anna", reply.Message);
        Assert.Contains(errorId, host.Log);
        Assert.Contains("System.InvalidOperationException", host.Log);
        Assert.DoesNotContain("Anna", host.Log);
    }

    [Theory]
    [InlineData("/grpc.testing.TestService/NoSuchMethod")]
    [InlineData("/no.such.Service/EmptyCall")]
    public async Task An_unknown_method_is_unimplemented_under_http_200(string path)
    {
        await using var host = await TestHost.Start(new ScriptedService());

        var reply = await Client.Send(host.Grpc, Client.Request(path, new byte[5], "application/grpc+proto"));

        Assert.Equal(HttpStatusCode.OK, reply.HttpStatus);
        Assert.True(reply.IsTrailersOnly);
        Assert.Equal(RpcStatus.Unimplemented, reply.Status);
    }

    [Fact]
    public async Task What_is_no_call_is_refused_by_http()
    {
        await using var host = await TestHost.Start(new ScriptedService());
        const string path = Client.Service + "EmptyCall";

        var text = await Client.Send(host.Grpc, Client.Request(path, new byte[5], "text/plain"));
        var get = await host.Grpc.GetAsync(new Uri(path, UriKind.Relative));
        var http1 = await Client.Send(host.Http, Client.Request(path, new byte[5], "application/grpc"));
        var page = await host.Http.GetStringAsync(new Uri("/page", UriKind.Relative));

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, text.HttpStatus);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        Assert.Equal(HttpStatusCode.UpgradeRequired, http1.HttpStatus);
        Assert.Equal("another page", page);
    }

    [Fact]
    public async Task The_authenticator_refuses_before_the_body_is_read()
    {
        var isAnswered = false;
        await using var host = await TestHost.Start(
            new ScriptedService
            {
                Unary = (_, call) =>
                {
                    isAnswered = call.Caller is "till 7";
                    return ValueTask.FromResult(new SimpleResponse());
                },
            },
            authenticator: (method, call) =>
            {
                call.Caller = call.RequestHeaders.Authorization == "Bearer good" && method.Name == "UnaryCall"
                    ? "till 7"
                    : throw new RpcFailure(RpcStatus.Unauthenticated, "Who are you?");
                return default;
            });

        // The request never ends: it could not be answered by one who reads it first.
        using var endless = OpenStream.Start(host, "UnaryCall");
        var refused = await endless.Rest();
        var answered = await host.Call("UnaryCall", Anything, ("authorization", "Bearer good"));

        Assert.Equal(RpcStatus.Unauthenticated, refused.Status);
        Assert.Equal(RpcStatus.Ok, answered.Status);
        Assert.True(isAnswered);
    }
}
