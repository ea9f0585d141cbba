using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Rpc;
using Retention.Transport;

namespace Retention.Server.Tests.Support;

/// <summary>
/// A gRPC client made of HttpClient and protobuf bytes: it shares no line with the server's transport, so that both
/// cannot be wrong in the same way.
/// </summary>
public sealed class RpcClient(IPEndPoint server) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true })
    {
        BaseAddress = new Uri($"http://{server}/"),
        Timeout = Patience,
    };

    /// <summary>A unary call, e.g. <c>Call&lt;GetTenantRequest, GetTenantResponse&gt;("TenantService/GetTenant", ...)</c>.</summary>
    public async Task<RpcAnswer<TResponse>> Call<TRequest, TResponse>(string method, TRequest request, string? key)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>, new()
    {
        var raw = await CallAsync($"retention.v1.{method}", request, key);
        return new RpcAnswer<TResponse>(raw, raw.Replies.Count == 1 ? Parse<TResponse>(raw.Replies[0]) : default);
    }

    /// <summary>As above, where only the reply's type is named.</summary>
    public async Task<RpcAnswer<TResponse>> Call<TResponse>(string method, IMessage request, string? key)
        where TResponse : IMessage<TResponse>, new()
    {
        var raw = await CallAsync($"retention.v1.{method}", request, key);
        return new RpcAnswer<TResponse>(raw, raw.Replies.Count == 1 ? Parse<TResponse>(raw.Replies[0]) : default);
    }

    /// <summary>Any call with one request message; of a stream of replies, only the beginning is waited for.</summary>
    public async Task<RawAnswer> CallAsync(MethodDescriptor method, IMessage request, string? key) =>
        await CallAsync($"{method.Service.FullName}/{method.Name}", request, key, method.IsServerStreaming && !method.IsClientStreaming);

    /// <summary>Opens a stream of replies.</summary>
    public async Task<RpcStream<TResponse>> Open<TRequest, TResponse>(string method, TRequest request, string? key)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>, new() =>
        new(await SendAsync($"retention.v1.{method}", request, key));

    public void Dispose() => http.Dispose();

    private async Task<RawAnswer> CallAsync(string path, IMessage request, string? key, bool isStream = false)
    {
        using var response = await SendAsync(path, request, key);
        if (response.Headers.TryGetValues("grpc-status", out var status))
        {
            return Answer([], response.Headers, int.Parse(status.Single()));
        }

        if (isStream) return new RawAnswer(RpcStatus.Ok, "", null, []);
        var body = await response.Content.ReadAsByteArrayAsync();
        var code = int.Parse(response.TrailingHeaders.GetValues("grpc-status").Single());
        return Answer(Frames(body), response.TrailingHeaders, code);
    }

    private Task<HttpResponseMessage> SendAsync(string path, IMessage request, string? key)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Frame(request.ToByteArray())),
        };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (key is not null) message.Headers.TryAddWithoutValidation("authorization", $"Bearer {key}");
        return http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
    }

    private static RawAnswer Answer(List<byte[]> replies, HttpResponseHeaders trailers, int code)
    {
        var text = trailers.TryGetValues("grpc-message", out var messages) ? Uri.UnescapeDataString(messages.Single()) : "";
        var details = trailers.TryGetValues("grpc-status-details-bin", out var bytes)
            ? Status.Parser.ParseFrom(FromBase64(bytes.Single()))
            : null;
        return new RawAnswer((RpcStatus)code, text, details, replies);
    }

    private static byte[] FromBase64(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));

    private static byte[] Frame(byte[] message)
    {
        var frame = new byte[message.Length + 5];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private static List<byte[]> Frames(byte[] body)
    {
        var messages = new List<byte[]>();
        for (var at = 0; at < body.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1));
            messages.Add(body[(at + 5)..(at + 5 + length)]);
            at += 5 + length;
        }

        return messages;
    }

    private static T Parse<T>(byte[] bytes)
        where T : IMessage<T>, new()
    {
        var message = new T();
        message.MergeFrom(bytes);
        return message;
    }
}

/// <summary>What a call came to, before its reply is understood.</summary>
public sealed record RawAnswer(RpcStatus Code, string Message, Status? Details, IReadOnlyList<byte[]> Replies)
{
    /// <summary>The machine-readable reason; empty where there is none.</summary>
    public string Reason => Info?.Reason ?? "";

    public ErrorInfo? Info => Details?.Details
        .Where(detail => detail.Is(ErrorInfo.Descriptor))
        .Select(detail => detail.Unpack<ErrorInfo>())
        .SingleOrDefault();
}

/// <summary>What a unary call came to.</summary>
public sealed class RpcAnswer<TResponse>(RawAnswer raw, TResponse? reply)
{
    public RpcStatus Code => raw.Code;

    public string Reason => raw.Reason;

    public RawAnswer Raw => raw;

    /// <summary>The reply; fails the test where the call was refused.</summary>
    public TResponse Reply => reply is not null && raw.Code == RpcStatus.Ok
        ? reply
        : throw new Xunit.Sdk.XunitException($"The call was refused with {raw.Code}: {raw.Message}");
}
