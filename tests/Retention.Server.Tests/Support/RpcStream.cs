using System.Buffers.Binary;
using Google.Protobuf;

namespace Retention.Server.Tests.Support;

/// <summary>Replies of an open stream, one by one.</summary>
public sealed class RpcStream<TResponse>(HttpResponseMessage response) : IDisposable
    where TResponse : IMessage<TResponse>, new()
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private Stream? body;

    /// <summary>The next reply, or null at the end; fails the test when neither comes.</summary>
    public async Task<TResponse?> NextAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        body ??= await response.Content.ReadAsStreamAsync(patience.Token);
        var head = new byte[5];
        if (await body.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, patience.Token) == 0) return default;
        var bytes = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
        await body.ReadExactlyAsync(bytes, patience.Token);
        var reply = new TResponse();
        reply.MergeFrom(bytes);
        return reply;
    }

    /// <summary>The status code that ended the stream; read after its last reply.</summary>
    public string Status => (response.TrailingHeaders.TryGetValues("grpc-status", out var values)
        || response.Headers.TryGetValues("grpc-status", out values)) ? values.Single() : "";

    public void Dispose() => response.Dispose();
}
