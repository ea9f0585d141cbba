using System.Net;
using Google.Protobuf;

namespace Retention.Transport.Tests.Support;

/// <summary>A stream that stays open: the test sends and reads frames one by one.</summary>
internal sealed class OpenStream : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cancellation = new(Some.Patience);
    private Task<HttpResponseMessage>? _response;

    public static OpenStream Start(TestHost host, string method, params (string Name, string Value)[] headers)
    {
        var stream = new OpenStream();
        var request = Client.Request(Client.Service + method, stream, "application/grpc", headers);
        request.Version = host.Grpc.DefaultRequestVersion;
        request.VersionPolicy = host.Grpc.DefaultVersionPolicy;
        stream._response = host.Grpc.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, stream._cancellation.Token);
        return stream;
    }

    public async Task Write(IMessage message)
    {
        var body = await _opened.Task;
        await body.WriteAsync(Client.Frame(message), _cancellation.Token);
        await body.FlushAsync(_cancellation.Token);
    }

    public void Finish() => _finished.TrySetResult();

    public void Cancel() => _cancellation.Cancel();

    public Task<HttpResponseMessage> Response() => _response!;

    /// <summary>The status in the trailers, after all messages were read.</summary>
    public async Task<string> Status()
    {
        var body = await (await _response!).Content.ReadAsStreamAsync(_cancellation.Token);
        Assert.Equal(0, await body.ReadAsync(new byte[1], _cancellation.Token));
        return Assert.Single((await _response!).TrailingHeaders.GetValues("grpc-status"));
    }

    public async Task<T> Read<T>() where T : IMessage<T>, new()
    {
        var body = await (await _response!).Content.ReadAsStreamAsync(_cancellation.Token);
        var header = new byte[5];
        await body.ReadExactlyAsync(header, _cancellation.Token);
        var bytes = new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1))];
        await body.ReadExactlyAsync(bytes, _cancellation.Token);
        var message = new T();
        message.MergeFrom(bytes);
        return message;
    }

    public async Task<Reply> Rest() => await Reply.From(await _response!);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.FlushAsync();
        _opened.SetResult(stream);
        await _finished.Task.WaitAsync(_cancellation.Token);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        _finished.TrySetResult();
        base.Dispose(disposing);
    }
}
