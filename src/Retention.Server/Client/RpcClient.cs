using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using Google.Protobuf;
using Retention.Rpc;
using Retention.Transport;

namespace Retention.Server.Client;

/// <summary>
/// Calls a server over gRPC on .NET's own HTTP/2 (cleartext by prior knowledge, or TLS). Transient failures are sent
/// again with the same message, so every changing message carries its request id. Safe for many callers.
/// </summary>
public sealed class RpcClient : IDisposable
{
    private static readonly MediaTypeHeaderValue GrpcContent = new("application/grpc");
    private readonly HttpClient http;
    private readonly string key;
    private readonly RpcPatience patience;
    private readonly Func<Uri> endpoint;
    private readonly bool ownsHttp;

    /// <param name="key">Null: calls without a credential.</param>
    /// <param name="patience">Null: one attempt for each call.</param>
    public RpcClient(Uri endpoint, string? key, RpcPatience? patience = null)
        : this(NewHttp(), () => endpoint, key ?? "", patience ?? RpcPatience.Once, ownsHttp: true)
    {
    }

    private RpcClient(HttpClient http, Func<Uri> endpoint, string key, RpcPatience patience, bool ownsHttp)
    {
        this.http = http;
        this.endpoint = endpoint;
        this.key = key;
        this.patience = patience;
        this.ownsHttp = ownsHttp;
    }

    /// <summary>A client whose server may come back at another address: each attempt asks where it is.</summary>
    public static RpcClient Following(Func<Uri> endpoint, string key, RpcPatience patience) =>
        new(NewHttp(), endpoint, key, patience, ownsHttp: true);

    /// <summary>The same connections under another credential.</summary>
    public RpcClient As(string otherKey) => new(http, endpoint, otherKey, patience, ownsHttp: false);

    /// <summary>Calls a unary method such as "retention.v1.TenantService/GetTenant".</summary>
    public async Task<TReply> Call<TReply>(string method, IMessage request, CancellationToken stop = default)
        where TReply : IMessage<TReply>, new()
    {
        var frame = RpcFrame.Of(request);
        for (var retry = patience.Start(); ;)
        {
            try
            {
                return await AttemptAsync<TReply>(method, frame, stop);
            }
            catch (RpcCallException e) when (e.IsTransient && retry.MayGoOn)
            {
                await retry.PauseAsync(stop);
            }
        }
    }

    /// <summary>Opens a stream in both directions. It is not retried: its user knows what was answered.</summary>
    public RpcStream<TRequest, TReply> Open<TRequest, TReply>(string method, CancellationToken stop)
        where TRequest : IMessage<TRequest>
        where TReply : IMessage<TReply>, new()
    {
        var outgoing = new RpcStreamContent(stop);
        var response = http.SendAsync(
            NewRequest(method, outgoing), HttpCompletionOption.ResponseHeadersRead, stop);
        return new RpcStream<TRequest, TReply>(outgoing, response, stop);
    }

    public void Dispose()
    {
        if (ownsHttp) http.Dispose();
    }

    /// <summary>Throws what the status of a finished response says, if it is not OK.</summary>
    internal static void ThrowUnlessOk(HttpResponseMessage response)
    {
        var status = Header(response, "grpc-status");
        if (status == "0") return;
        if (!int.TryParse(status, out var code) || code is < 0 or > 16)
        {
            throw new RpcCallException(
                RpcStatus.Unavailable, $"HTTP {(int)response.StatusCode} without a gRPC status.");
        }

        throw new RpcCallException(
            (RpcStatus)code, Uri.UnescapeDataString(Header(response, "grpc-message") ?? ""), Details(response));
    }

    private static HttpClient NewHttp() => new(new SocketsHttpHandler
    {
        EnableMultipleHttp2Connections = true,
        AutomaticDecompression = DecompressionMethods.None,
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),

        // A connection that fell silent is given up after ten seconds of waiting for an answer.
        KeepAlivePingDelay = TimeSpan.FromSeconds(5),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        SslOptions = new SslClientAuthenticationOptions(),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static string? Header(HttpResponseMessage response, string name)
    {
        if (response.TrailingHeaders.TryGetValues(name, out var trailer)) return trailer.First();
        return response.Headers.TryGetValues(name, out var header) ? header.First() : null;
    }

    private static Status? Details(HttpResponseMessage response)
    {
        if (Header(response, "grpc-status-details-bin") is not { } text) return null;
        var padded = text.PadRight(text.Length + (4 - text.Length % 4) % 4, '=');
        try
        {
            return Status.Parser.ParseFrom(Convert.FromBase64String(padded));
        }
        catch (Exception e) when (e is FormatException or InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private async Task<TReply> AttemptAsync<TReply>(string method, byte[] frame, CancellationToken stop)
        where TReply : IMessage<TReply>, new()
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(patience.Attempt);
        try
        {
            using var content = new ByteArrayContent(frame);
            content.Headers.ContentType = GrpcContent;
            using var request = NewRequest(method, content);
            request.Headers.TryAddWithoutValidation("grpc-timeout", $"{(long)patience.Attempt.TotalMilliseconds}m");
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            await using var stream = await response.Content.ReadAsStreamAsync(timeout.Token);
            var message = await RpcFrame.ReadAsync(stream, timeout.Token);
            if (message is not null) await RpcFrame.ReadAsync(stream, timeout.Token);
            ThrowUnlessOk(response);
            if (message is null) throw new RpcCallException(RpcStatus.Internal, "The server sent no reply.");
            var reply = new TReply();
            reply.MergeFrom(message);
            return reply;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new RpcCallException(RpcStatus.DeadlineExceeded, "The server did not answer in time.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new RpcCallException(RpcStatus.Unavailable, $"Nothing answers at {endpoint().Authority}.");
        }
    }

    private HttpRequestMessage NewRequest(string method, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint(), "/" + method))
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        if (key.Length > 0) request.Headers.TryAddWithoutValidation("authorization", "Bearer " + key);
        return request;
    }
}
