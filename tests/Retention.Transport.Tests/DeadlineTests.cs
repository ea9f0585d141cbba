using Grpc.Testing;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

public class DeadlineTests
{
    private static readonly SimpleRequest Anything = new();

    [Fact]
    public async Task A_call_ends_at_its_deadline_and_its_method_is_told()
    {
        var told = new TaskCompletionSource();
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = async (_, call) =>
            {
                call.Cancellation.Register(told.SetResult);
                await Task.Delay(Timeout.Infinite, call.Cancellation);
                return new SimpleResponse();
            },
        });

        var reply = await host.Call("UnaryCall", Anything, ("grpc-timeout", "50m"));

        Assert.Equal(RpcStatus.DeadlineExceeded, reply.Status);
        Assert.True(reply.IsTrailersOnly);
        await told.Task.WaitAsync(Some.Patience);
    }

    [Fact]
    public async Task A_method_that_does_not_listen_delays_nobody_and_is_still_waited_for()
    {
        var mayReturn = new TaskCompletionSource();
        var returned = new TaskCompletionSource();
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = async (_, call) =>
            {
                await mayReturn.Task;

                // The call is over, but what belongs to it is still there.
                call.AddTrailer("x-late", "ignored");
                Assert.NotEmpty(call.RequestHeaders);
                returned.SetResult();
                return new SimpleResponse();
            },
        });

        var reply = await host.Call("UnaryCall", Anything, ("grpc-timeout", "50m"));
        mayReturn.SetResult();

        Assert.Equal(RpcStatus.DeadlineExceeded, reply.Status);
        await returned.Task.WaitAsync(Some.Patience);
        Assert.Equal(RpcStatus.Ok, (await host.Call("EmptyCall", new Empty())).Status);
    }

    [Fact]
    public async Task A_stream_whose_time_is_up_before_it_starts_has_passed_its_deadline()
    {
        await using var host = await TestHost.Start(new ScriptedService());

        using var stream = OpenStream.Start(host, "FullDuplexCall", ("grpc-timeout", "0m"));

        Assert.Equal(RpcStatus.DeadlineExceeded, (await stream.Rest()).Status);
    }

    [Fact]
    public async Task A_deadline_ends_a_call_that_waits_for_the_client()
    {
        await using var host = await TestHost.Start(new ScriptedService());

        using var unary = OpenStream.Start(host, "UnaryCall", ("grpc-timeout", "50m"));
        using var stream = OpenStream.Start(host, "FullDuplexCall", ("grpc-timeout", "50m"));

        Assert.Equal(RpcStatus.DeadlineExceeded, (await unary.Rest()).Status);
        Assert.Equal(RpcStatus.DeadlineExceeded, (await stream.Rest()).Status);
    }

    [Fact]
    public async Task A_deadline_wakes_a_method_that_waits_for_the_client()
    {
        var ended = new TaskCompletionSource<Exception?>();
        await using var host = await TestHost.Start(new ScriptedService
        {
            Duplex = async (requests, _, _) =>
                ended.SetResult(await Record.ExceptionAsync(() => requests.MoveNext().AsTask())),
        });

        using var stream = OpenStream.Start(host, "FullDuplexCall", ("grpc-timeout", "50m"));

        Assert.IsAssignableFrom<OperationCanceledException>(await ended.Task.WaitAsync(Some.Patience));
        Assert.Equal(RpcStatus.DeadlineExceeded, (await stream.Rest()).Status);
    }

    [Fact]
    public async Task A_deadline_after_the_first_message_is_told_in_the_trailers()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            ServerStream = async (_, responses, call) =>
            {
                await responses.Write(new StreamingOutputCallResponse());
                await Task.Delay(Timeout.Infinite, call.Cancellation);
            },
        });

        var reply = await host.Call("StreamingOutputCall", new StreamingOutputCallRequest(), ("grpc-timeout", "2S"));

        Assert.Single(reply.Frames);
        Assert.Equal("4", Assert.Single(reply.Trailers["grpc-status"]));
    }

    [Fact]
    public async Task The_server_ends_calls_that_have_no_deadline()
    {
        var options = new TransportOptions
        {
            MaxUnaryDuration = TimeSpan.FromMilliseconds(50),
            MaxStreamDuration = TimeSpan.FromMilliseconds(50),
        };
        await using var host = await TestHost.Start(
            new ScriptedService
            {
                Unary = async (_, call) =>
                {
                    await Task.Delay(Timeout.Infinite, call.Cancellation);
                    return new SimpleResponse();
                },
                ServerStream = (_, _, call) => Task.Delay(Timeout.Infinite, call.Cancellation),
            },
            options);

        var unary = await host.Call("UnaryCall", Anything);
        var greedy = await host.Call("UnaryCall", Anything, ("grpc-timeout", "99999999H"));
        var stream = await host.Call("StreamingOutputCall", new StreamingOutputCallRequest());

        Assert.Equal(RpcStatus.DeadlineExceeded, unary.Status);
        Assert.Equal(RpcStatus.DeadlineExceeded, greedy.Status);
        Assert.Equal(RpcStatus.Unavailable, stream.Status);
    }

    [Fact]
    public async Task The_method_sees_the_deadline_of_the_caller()
    {
        DateTimeOffset? seen = null;
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, call) =>
            {
                seen = call.Deadline;
                return ValueTask.FromResult(new SimpleResponse());
            },
        });

        await host.Call("UnaryCall", Anything);
        Assert.Null(seen);
        var before = DateTimeOffset.UtcNow;
        await host.Call("UnaryCall", Anything, ("grpc-timeout", "7S"));
        Assert.InRange(seen!.Value, before.AddSeconds(7), DateTimeOffset.UtcNow.AddSeconds(7));
    }

    [Theory]
    [InlineData("0m", RpcStatus.DeadlineExceeded)]
    [InlineData("", RpcStatus.InvalidArgument)]
    [InlineData("10", RpcStatus.InvalidArgument)]
    [InlineData("-1S", RpcStatus.InvalidArgument)]
    [InlineData("123456789S", RpcStatus.InvalidArgument)]
    [InlineData("1x", RpcStatus.InvalidArgument)]
    [InlineData("99999999u", RpcStatus.Ok)]
    [InlineData("99999999n", RpcStatus.Ok)]
    [InlineData("1M", RpcStatus.Ok)]
    public async Task A_timeout_is_read_as_grpc_spells_it(string timeout, RpcStatus expected)
    {
        await using var host = await TestHost.Start(new ScriptedService());

        Assert.Equal(expected, (await host.Call("UnaryCall", Anything, ("grpc-timeout", timeout))).Status);
    }

    [Fact]
    public async Task A_caller_who_leaves_cancels_the_method()
    {
        var begun = new TaskCompletionSource();
        var told = new TaskCompletionSource();
        await using var host = await TestHost.Start(new ScriptedService
        {
            Duplex = async (_, responses, call) =>
            {
                call.Cancellation.Register(told.SetResult);
                begun.SetResult();
                await Task.Delay(Timeout.Infinite, call.Cancellation);
            },
        });

        using var stream = OpenStream.Start(host, "FullDuplexCall");
        await begun.Task.WaitAsync(Some.Patience);
        stream.Cancel();

        await told.Task.WaitAsync(Some.Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(stream.Response);
        Assert.Equal("", host.Log);
    }

    [Fact]
    public async Task A_caller_who_leaves_ends_a_read()
    {
        var ended = new TaskCompletionSource<Exception>();
        await using var host = await TestHost.Start(new ScriptedService
        {
            Duplex = async (requests, responses, call) =>
            {
                try
                {
                    await responses.Write(new StreamingOutputCallResponse());
                    await requests.MoveNext();
                }
                catch (Exception error)
                {
                    ended.SetResult(error);
                    throw;
                }
            },
        });

        using var stream = OpenStream.Start(host, "FullDuplexCall");
        await stream.Read<StreamingOutputCallResponse>();
        stream.Cancel();

        Assert.IsAssignableFrom<OperationCanceledException>(await ended.Task.WaitAsync(Some.Patience));
        Assert.Equal("", host.Log);
    }

    [Fact]
    public async Task A_caller_who_left_before_his_message_is_read_is_no_error_of_the_server()
    {
        var begun = new TaskCompletionSource();
        var isGone = new TaskCompletionSource();
        var host = await TestHost.Start(
            new ScriptedService(),
            authenticator: async (_, call) =>
            {
                call.Cancellation.Register(isGone.SetResult);
                begun.SetResult();
                await isGone.Task;
            });
        var connection = await RawHttp2.Connect(host.GrpcAddress);

        await connection.Call(1, Client.Service + "UnaryCall", body: null);
        await begun.Task.WaitAsync(Some.Patience);
        await connection.DisposeAsync();
        await isGone.Task.WaitAsync(Some.Patience);

        // The host ends when its last call has.
        await host.DisposeAsync();
        Assert.DoesNotContain("UnaryCall", host.Log);
    }
}
