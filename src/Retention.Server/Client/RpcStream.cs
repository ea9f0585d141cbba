using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Retention.Transport;

namespace Retention.Server.Client;

/// <summary>One call that streams both ways. One writer and one reader may use it at once.</summary>
public sealed class RpcStream<TRequest, TReply> : IDisposable
    where TRequest : IMessage<TRequest>
    where TReply : IMessage<TReply>, new()
{
    private readonly RpcStreamContent outgoing;
    private readonly Task<HttpResponseMessage> response;
    private readonly CancellationToken stop;
    private Stream? incoming;

    internal RpcStream(RpcStreamContent outgoing, Task<HttpResponseMessage> response, CancellationToken stop)
    {
        this.outgoing = outgoing;
        this.response = response;
        this.stop = stop;

        // A connection that cannot be made fails the response alone; a writer must not wait for it for ever.
        _ = response.ContinueWith(
            failed => outgoing.Fail(failed.Exception?.InnerException),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Sends one message; waits while the server takes no more (HTTP/2 flow control).</summary>
    public async Task WriteAsync(TRequest message)
    {
        try
        {
            await outgoing.WriteAsync(RpcFrame.Of(message));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ObjectDisposedException)
        {
            throw Lost();
        }
    }

    /// <summary>Says that no more messages will come.</summary>
    public void Complete() => outgoing.Complete();

    /// <summary>The next reply, or null when the server ended the stream with OK. Other ends throw.</summary>
    public async Task<TReply?> ReadAsync()
    {
        try
        {
            var head = await response;
            incoming ??= await head.Content.ReadAsStreamAsync(stop);
            if (await RpcFrame.ReadAsync(incoming, stop) is { } message)
            {
                var reply = new TReply();
                reply.MergeFrom(message);
                return reply;
            }

            RpcClient.ThrowUnlessOk(head);
            return default;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Lost();
        }
    }

    public void Dispose()
    {
        outgoing.Complete();
        if (response.IsCompletedSuccessfully) response.Result.Dispose();
        outgoing.Dispose();
    }

    private static RpcCallException Lost() => new(RpcStatus.Unavailable, "The connection to the server was lost.");
}

/// <summary>A request body that is written piece by piece while the reply is already read.</summary>
internal sealed class RpcStreamContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken stop;

    public RpcStreamContent(CancellationToken stop)
    {
        this.stop = stop;
        Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
    }

    public async Task WriteAsync(byte[] frame)
    {
        var stream = await opened.Task.WaitAsync(stop);
        await stream.WriteAsync(frame, stop);
        await stream.FlushAsync(stop);
    }

    public void Complete() => completed.TrySetResult();

    public void Fail(Exception? cause)
    {
        opened.TrySetException(cause ?? new IOException("The call ended before it began."));
        _ = opened.Task.Exception; // observed: nobody may be writing
        completed.TrySetResult();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.FlushAsync(cancellationToken);
        opened.TrySetResult(stream);
        await completed.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}
