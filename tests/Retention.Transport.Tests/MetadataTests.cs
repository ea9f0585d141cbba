using System.Net;
using Grpc.Testing;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

public class MetadataTests
{
    private static readonly SimpleRequest Anything = new();

    [Fact]
    public async Task Text_and_bytes_go_both_ways()
    {
        IReadOnlyList<byte[]> seen = [];
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, call) =>
            {
                seen = call.BinaryHeader("x-in-bin");
                call.AddResponseHeader("x-text", "hello");
                call.AddResponseHeader("x-out-bin", [1, 2]);
                call.AddTrailer("x-end", "bye");
                call.AddTrailer("x-end-bin", [0xFF]);
                return ValueTask.FromResult(new SimpleResponse());
            },
        });

        // Padded, not padded, and two values in one line.
        var reply = await host.Call("UnaryCall", Anything, ("x-in-bin", "q6ur"), ("x-in-bin", "qw==,qw"));

        Assert.Equal([[0xAB, 0xAB, 0xAB], [0xAB], [0xAB]], seen);
        Assert.Equal("hello", Assert.Single(reply.Headers["x-text"]));
        Assert.Equal("AQI", Assert.Single(reply.Headers["x-out-bin"]));
        Assert.Equal("bye", Assert.Single(reply.Trailers["x-end"]));
        Assert.Equal("/w", Assert.Single(reply.Trailers["x-end-bin"]));
    }

    [Fact]
    public async Task A_binary_header_that_is_not_base64_is_the_callers_fault()
    {
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, call) =>
            {
                call.BinaryHeader("x-in-bin");
                return ValueTask.FromResult(new SimpleResponse());
            },
        });

        Assert.Equal(RpcStatus.InvalidArgument, (await host.Call("UnaryCall", Anything, ("x-in-bin", "a*b"))).Status);
        Assert.Equal(RpcStatus.Ok, (await host.Call("UnaryCall", Anything)).Status);
    }

    [Theory]
    [InlineData("x-ok", "two\r\nlines")]
    [InlineData("x-ok", "näh")]
    [InlineData("X-Upper", "v")]
    [InlineData("grpc-status", "0")]
    [InlineData("x-text-bin", "text")]
    [InlineData("", "v")]
    public void Metadata_that_would_break_the_protocol_is_not_written(string name, string value)
    {
        Assert.Throws<ArgumentException>(() => MetadataEntry.Text(name, value));
    }

    [Fact]
    public async Task Too_many_or_too_large_headers_are_refused()
    {
        await using var host = await TestHost.Start(new ScriptedService());

        var many = Enumerable.Range(0, 80).Select(i => ($"x-{i}", "v")).ToArray();
        var refused = await host.Call("UnaryCall", Anything, many);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, refused.HttpStatus);
        await Assert.ThrowsAsync<HttpRequestException>(
            () => host.Call("UnaryCall", Anything, ("x-large", new string('v', 5000))));
        Assert.Equal(RpcStatus.Ok, (await host.Call("UnaryCall", Anything, ("x-large", new string('v', 3000)))).Status);
    }
}
