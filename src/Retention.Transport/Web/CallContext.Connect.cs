using System.Buffers;
using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Retention.Transport.Web;
using Retention.Transport.Wire;

namespace Retention.Transport;

/// <summary>
/// Connect, unary: the body is the bare message, as JSON or protobuf, and an error is an HTTP status with JSON.
/// </summary>
public sealed partial class CallContext
{
    private async ValueTask<T> ReadConnect<T>(MessageParser<T> parser) where T : class, IMessage<T>
    {
        var body = Http.Request.BodyReader;
        while (true)
        {
            var reading = body.ReadAsync();
            var result = reading.IsCompletedSuccessfully ? reading.Result : await Received(reading);
            var consumed = result.Buffer.End;
            try
            {
                if (result.IsCanceled) throw Cancelled();
                if (result.Buffer.Length > _rpc.MessageLimit) throw Frames.TooLarge(_rpc.MessageLimit);
                Hold(result.Buffer.Length);
                if (result.IsCompleted) return ParseConnect(parser, result.Buffer);
                consumed = result.Buffer.Start;
            }
            finally
            {
                body.AdvanceTo(consumed, result.Buffer.End);
            }
        }
    }

    private T ParseConnect<T>(MessageParser<T> parser, ReadOnlySequence<byte> body) where T : class, IMessage<T>
    {
        if (Protocol == RpcProtocol.ConnectProto) return Parse(parser, body, _isGzipRequest);
        IsRequestCompressed = _isGzipRequest;
        if (!_isGzipRequest) return ParseJson<T>(body.IsSingleSegment ? body.FirstSpan : body.ToArray());

        var plain = Frames.Unzip(body, _rpc.MessageLimit, out var length);
        try
        {
            Hold(_heldBytes + length);
            return ParseJson<T>(plain.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    private T ParseJson<T>(ReadOnlySpan<byte> json) where T : class, IMessage<T>
    {
        var message = (T)_rpc.Runtime.Json.Parse(_rpc.Descriptor.InputType, json);

        // The rules for text and elements are the same in every protocol, so they are applied to the same bytes.
        CheckWire(message.ToByteArray());
        return message;
    }

    private async ValueTask SucceedConnect(IMessage response)
    {
        var isJson = Protocol == RpcProtocol.ConnectJson;
        var body = isJson ? Encoding.UTF8.GetBytes(_rpc.Runtime.Json.Format(response)) : response.ToByteArray();
        Status = RpcStatus.Ok;
        _isResponseBegun = true;
        var headers = Http.Response.Headers;
        headers.ContentType = isJson ? "application/json" : "application/proto";
        headers.ContentLength = body.Length;
        Append(headers, _headers);
        AppendPrefixed(headers, _trailers ?? []);
        Http.Response.BodyWriter.Write(body);
        await Flush(default);
    }

    private async ValueTask SendConnectError(RpcFailure failure)
    {
        if (_isResponseBegun) return;
        _isResponseBegun = true;
        var headers = Http.Response.Headers;
        headers.ContentType = "application/json";
        Append(headers, _headers);
        AppendPrefixed(headers, _trailers ?? []);
        AppendPrefixed(headers, failure.Trailers);
        Http.Response.StatusCode = ConnectError.HttpStatus(failure.Code);
        ConnectError.Write(Http.Response.BodyWriter, failure);
        await Flush(default);
    }

    private static void AppendPrefixed(IHeaderDictionary headers, IReadOnlyList<MetadataEntry> trailers)
    {
        foreach (var entry in trailers) headers.Append("trailer-" + entry.Name, entry.Value);
    }
}
