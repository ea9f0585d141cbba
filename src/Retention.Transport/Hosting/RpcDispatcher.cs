using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Retention.Transport.Calls;
using Retention.Transport.Telemetry;
using Retention.Transport.Web;
using Retention.Transport.Wire;

namespace Retention.Transport.Hosting;

/// <summary>Finds the method of a request; requests that are no calls go on to the rest of the application.</summary>
internal sealed class RpcDispatcher(IEnumerable<RpcMethod> methods, RpcRuntime runtime, RequestDelegate next)
{
    private readonly FrozenDictionary<string, RpcMethod> _methods =
        methods.ToFrozenDictionary(method => method.Path, StringComparer.Ordinal);

    public Task Invoke(HttpContext http)
    {
        var request = http.Request;
        var protocol = ProtocolOf(request.ContentType);
        if (!_methods.TryGetValue(request.Path.Value ?? "", out var method))
        {
            return protocol is RpcProtocol.Grpc or RpcProtocol.GrpcWeb ? Unknown(http, protocol.Value) : next(http);
        }

        if (protocol is not RpcProtocol.Grpc && Cors.Answer(http, runtime.Options)) return Task.CompletedTask;
        if (!HttpMethods.IsPost(request.Method)) return Refuse(http, StatusCodes.Status405MethodNotAllowed);
        if (protocol is null || (IsConnect(protocol.Value) && !method.IsUnary))
        {
            return Refuse(http, StatusCodes.Status415UnsupportedMediaType);
        }

        if (protocol is RpcProtocol.Grpc && !HttpProtocol.IsHttp2(request.Protocol))
        {
            return Refuse(http, StatusCodes.Status426UpgradeRequired);
        }

        return method.Invoke(http, protocol.Value);
    }

    private static RpcProtocol? ProtocolOf(string? contentType) => contentType switch
    {
        "application/grpc" or "application/grpc+proto" => RpcProtocol.Grpc,
        null => null,
        _ => ProtocolOf(contentType.AsSpan()),
    };

    private static RpcProtocol? ProtocolOf(ReadOnlySpan<char> contentType)
    {
        var parameters = contentType.IndexOf(';');
        return (parameters < 0 ? contentType : contentType[..parameters].TrimEnd()) switch
        {
            "application/grpc" or "application/grpc+proto" => RpcProtocol.Grpc,
            "application/grpc-web" or "application/grpc-web+proto" => RpcProtocol.GrpcWeb,
            "application/json" => RpcProtocol.ConnectJson,
            "application/proto" => RpcProtocol.ConnectProto,
            _ => null,
        };
    }

    private static bool IsConnect(RpcProtocol protocol) =>
        protocol is RpcProtocol.ConnectJson or RpcProtocol.ConnectProto;

    private Task Unknown(HttpContext http, RpcProtocol protocol)
    {
        var startedAt = runtime.Time.GetTimestamp();
        var headers = http.Response.Headers;
        if (protocol is RpcProtocol.GrpcWeb && Cors.Answer(http, runtime.Options)) return Task.CompletedTask;
        headers.ContentType = protocol is RpcProtocol.Grpc ? "application/grpc" : "application/grpc-web+proto";
        headers.GrpcStatus = StatusText.Number(RpcStatus.Unimplemented);
        headers.GrpcMessage = "There is no such method.";
        RpcTelemetry.Unknown(runtime.Time, startedAt);
        return Task.CompletedTask;
    }

    private static Task Refuse(HttpContext http, int statusCode)
    {
        http.Response.StatusCode = statusCode;
        return Task.CompletedTask;
    }
}
