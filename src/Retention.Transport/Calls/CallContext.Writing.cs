using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Retention.Transport.Wire;

namespace Retention.Transport;

/// <summary>Responses: headers, frames straight into the pipe, and the status.</summary>
public sealed partial class CallContext
{
    // What fits into one block of Kestrel's pool is written in one piece and left to the end of the call to flush.
    private const int OnePieceBytes = 4096 - Frames.HeaderBytes;

    private static readonly StringValues GrpcContentType = "application/grpc";
    private static readonly StringValues GrpcWebContentType = "application/grpc-web+proto";
    private static readonly StringValues Gzip = "gzip";
    private static readonly StringValues OkStatus = "0";

    private bool _isResponseBegun;
    private bool _mayCompress;

    /// <summary>Sends the one response and the status OK.</summary>
    internal async ValueTask Succeed<T>(T response) where T : class, IMessage<T>
    {
        if (!TryEnd()) return;
        if (_refusal is { } refusal)
        {
            await SendStatus(refusal);
            return;
        }

        if (IsConnect)
        {
            await SucceedConnect(response);
            return;
        }

        BeginResponse();
        var size = WriteFrame(response);
        if (size > OnePieceBytes) await Flush(default);
        SendOk();
    }

    /// <summary>Ends a stream of responses with the status OK.</summary>
    internal ValueTask Succeed()
    {
        if (_isTimeUp) return Fail(TimeUp());
        if (!TryEnd()) return default;
        BeginResponse();
        SendOk();
        return default;
    }

    /// <summary>Sends one message of a stream and waits until the peer makes room for the next.</summary>
    internal async ValueTask Send<T>(T message) where T : class, IMessage<T>
    {
        EnterWrite();
        try
        {
            if (!_isResponseBegun)
            {
                BeginResponse();
                await Http.Response.StartAsync();
            }

            WriteFrame(message);
            await Flush(Cancellation);
        }
        finally
        {
            lock (_gate)
            {
                _isWriting = false;
            }
        }
    }

    /// <summary>Sends the headers before the first message.</summary>
    internal async ValueTask SendHeaders()
    {
        EnterWrite();
        try
        {
            if (_isResponseBegun) return;
            BeginResponse();
            await Http.Response.StartAsync();
            await Flush(Cancellation);
        }
        finally
        {
            lock (_gate)
            {
                _isWriting = false;
            }
        }
    }

    private void EnterWrite()
    {
        lock (_gate)
        {
            if (_isWriting) throw new InvalidOperationException("One message is written at a time.");
            if (!_isEnded && !_isOver) _isWriting = true;
        }

        if (!_isWriting) throw Cancelled();
    }

    private void BeginResponse()
    {
        if (_isResponseBegun) return;
        _isResponseBegun = true;
        var headers = Http.Response.Headers;
        headers.ContentType = Protocol == RpcProtocol.Grpc ? GrpcContentType : GrpcWebContentType;
        _mayCompress = CompressReply && AcceptsGzip();
        if (_mayCompress) headers.GrpcEncoding = Gzip;
        Append(headers, _headers);
    }

    private bool AcceptsGzip()
    {
        foreach (var line in RequestHeaders.GrpcAcceptEncoding)
        {
            foreach (var encoding in (line ?? "").Split(','))
            {
                if (encoding.AsSpan().Trim() is "gzip") return true;
            }
        }

        return false;
    }

    private int WriteFrame<T>(T message) where T : class, IMessage<T>
    {
        var writer = Http.Response.BodyWriter;
        if (_mayCompress && CompressReply) return WriteCompressed(writer, message);

        var size = message.CalculateSize();
        if (size <= OnePieceBytes)
        {
            var frame = writer.GetSpan(Frames.HeaderBytes + size);
            Frames.WriteHeader(frame, false, size);
            message.WriteTo(frame.Slice(Frames.HeaderBytes, size));
            writer.Advance(Frames.HeaderBytes + size);
            return size;
        }

        Frames.WriteHeader(writer.GetSpan(Frames.HeaderBytes), false, size);
        writer.Advance(Frames.HeaderBytes);
        message.WriteTo(writer);
        return size;
    }

    private static int WriteCompressed(PipeWriter writer, IMessage message)
    {
        var packed = new MemoryStream();
        Frames.Zip(message.ToByteArray(), packed);
        var size = (int)packed.Length;
        Frames.WriteHeader(writer.GetSpan(Frames.HeaderBytes), true, size);
        writer.Advance(Frames.HeaderBytes);
        writer.Write(packed.GetBuffer().AsSpan(0, size));
        return size;
    }

    private async ValueTask Flush(CancellationToken cancellation)
    {
        var flushing = Http.Response.BodyWriter.FlushAsync(cancellation);
        if (!flushing.IsCompleted)
        {
            // A reader that takes nothing must not hold the stream and its buffers for ever.
            await using var stall = _rpc.Runtime.Time.CreateTimer(
                static call => ((CallContext)call!).Reset(), this,
                _rpc.Runtime.Options.WriteStallTimeout, Timeout.InfiniteTimeSpan);
            await flushing;
        }

        if (Http.RequestAborted.IsCancellationRequested) throw Cancelled();
    }

    private void Reset()
    {
        const int cancelStream = 8;
        if (Http.Features.Get<IHttpResetFeature>() is { } stream) stream.Reset(cancelStream);
        else Http.Abort();
    }

    private void SendOk()
    {
        Status = RpcStatus.Ok;
        if (Protocol == RpcProtocol.GrpcWeb)
        {
            WriteWebTrailers(new HeaderDictionary { ["grpc-status"] = OkStatus });
            return;
        }

        var trailers = Http.Features.Get<IHttpResponseTrailersFeature>()!.Trailers;
        trailers.GrpcStatus = OkStatus;
        Append(trailers, _trailers);
    }

    private ValueTask SendStatus(RpcFailure failure)
    {
        Status = failure.Code;
        if (IsConnect) return SendConnectError(failure);
        if (!_isResponseBegun)
        {
            // Trailers-Only: the status stands in the headers of a response that never starts.
            BeginResponse();
            Put(Http.Response.Headers, failure);
            Append(Http.Response.Headers, _trailers);
        }
        else if (Protocol == RpcProtocol.GrpcWeb)
        {
            var trailers = new HeaderDictionary();
            Put(trailers, failure);
            WriteWebTrailers(trailers);
        }
        else
        {
            var trailers = Http.Features.Get<IHttpResponseTrailersFeature>()!.Trailers;
            Put(trailers, failure);
            Append(trailers, _trailers);
        }

        return default;
    }

    private static void Put(IHeaderDictionary target, RpcFailure failure)
    {
        target.GrpcStatus = StatusText.Number(failure.Code);
        target.GrpcMessage = StatusText.Encode(failure.Message);
        if (failure.DetailBytes() is { } details)
        {
            target["grpc-status-details-bin"] = MetadataEntry.Encode(details.Span);
        }

        foreach (var entry in failure.Trailers) target.Append(entry.Name, entry.Value);
    }

    private static void Append(IHeaderDictionary target, List<MetadataEntry>? entries)
    {
        if (entries is null) return;
        foreach (var entry in entries) target.Append(entry.Name, entry.Value);
    }
}
