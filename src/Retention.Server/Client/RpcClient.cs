using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Retention.Rpc;
using Retention.Transport;

namespace Retention.Server.Client;

/// <summary>
/// Makes single gRPC calls over .NET's own HTTP client, for verbs that talk to a server. It is simple, not cheap:
/// load is made elsewhere.
/// </summary>
public sealed class RpcClient : IDisposable
{
    private const int PrefixLength = 5;

    private readonly HttpClient _http;
    private readonly AuthenticationHeaderValue? _credential;

    public RpcClient(Uri endpoint, string? key)
    {
        _http = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true })
        {
            BaseAddress = endpoint,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _credential = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Calls "pkg.Service/Method"; anything but OK is an <see cref="RpcCallException"/>.</summary>
    public async Task<TResponse> Call<TResponse>(
        string method, IMessage request, CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, new()
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "/" + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Framed(request)),
        };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        message.Headers.Authorization = _credential;
        try
        {
            using var response = await _http.SendAsync(message, cancellation);
            var body = await response.Content.ReadAsByteArrayAsync(cancellation);
            ThrowUnlessOk(response);
            return new MessageParser<TResponse>(() => new TResponse()).ParseFrom(body.AsSpan(PrefixLength));
        }
        catch (HttpRequestException)
        {
            throw new RpcCallException(RpcStatus.Unavailable, $"Nothing answers at {_http.BaseAddress!.Authority}.", "");
        }
    }

    public void Dispose() => _http.Dispose();

    private static byte[] Framed(IMessage request)
    {
        var bytes = new byte[PrefixLength + request.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), bytes.Length - PrefixLength);
        request.WriteTo(bytes.AsSpan(PrefixLength));
        return bytes;
    }

    private static void ThrowUnlessOk(HttpResponseMessage response)
    {
        var status = Header(response, "grpc-status");
        if (status == "0") return;
        var code = int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 16
            ? (RpcStatus)number
            : RpcStatus.Unknown;
        var text = Uri.UnescapeDataString(Header(response, "grpc-message") ?? $"HTTP {(int)response.StatusCode}");
        throw new RpcCallException(code, text, Reason(Header(response, "grpc-status-details-bin")));
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var trailers) ? trailers.First()
        : response.Headers.TryGetValues(name, out var headers) ? headers.First()
        : null;

    private static string Reason(string? details)
    {
        if (details is null) return "";
        var padded = details.PadRight((details.Length + 3) / 4 * 4, '=');
        var any = Status.Parser.ParseFrom(Convert.FromBase64String(padded)).Details;
        return any.FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>().Reason ?? "";
    }
}
