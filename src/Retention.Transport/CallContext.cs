using System.Net;
using Microsoft.AspNetCore.Http;
using Retention.Transport.Calls;

namespace Retention.Transport;

/// <summary>
/// One call, as its method sees it. It lives until the method has returned; nothing of it may be kept longer.
/// </summary>
public sealed partial class CallContext
{
    private readonly Lock _gate = new();
    private readonly RpcMethod _rpc;
    private RpcFailure? _refusal;
    private List<MetadataEntry>? _headers;
    private List<MetadataEntry>? _trailers;

    internal CallContext(HttpContext http, RpcMethod rpc, RpcProtocol protocol)
    {
        Http = http;
        _rpc = rpc;
        Protocol = protocol;
    }

    /// <summary>"pkg.Service/Method".</summary>
    public string Method => _rpc.Name;

    public RpcProtocol Protocol { get; }

    /// <summary>When the caller stops waiting, or null where it did not say.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>
    /// Cancelled when the caller is gone or the time is up. What was begun may be finished; its answer is not sent.
    /// </summary>
    public CancellationToken Cancellation
    {
        get
        {
            lock (_gate)
            {
                _cancellation ??= new CancellationTokenSource();
                if (_isOver) _cancellation.Cancel();
                return _cancellation.Token;
            }
        }
    }

    /// <summary>
    /// Throws where <see cref="Cancellation"/> would be cancelled by now; for what asks once and does not wait on it,
    /// because it makes none.
    /// </summary>
    public void ThrowIfOver()
    {
        if (Volatile.Read(ref _isOver)) throw Cancelled();
    }

    public IHeaderDictionary RequestHeaders => Http.Request.Headers;

    /// <summary>Who calls, as the authenticator found; its type is the host's.</summary>
    public object? Caller { get; set; }

    /// <summary>
    /// Whether messages written from now on are sent gzipped, where the caller reads gzip. Set before the first
    /// message; after it a stream can only go back and forth if the first one was to be compressed.
    /// </summary>
    public bool CompressReply { get; set; }

    /// <summary>Whether the request message read last was compressed.</summary>
    public bool IsRequestCompressed { get; private set; }

    /// <summary>Address and port of the peer; behind a proxy, the proxy's.</summary>
    public string? Peer => Http.Connection.RemoteIpAddress is { } address
        ? new IPEndPoint(address, Http.Connection.RemotePort).ToString()
        : null;

    internal HttpContext Http { get; }

    private bool IsConnect => Protocol is RpcProtocol.ConnectJson or RpcProtocol.ConnectProto;

    /// <summary>Values of a "-bin" header; empty where it is absent, INVALID_ARGUMENT where it is not base64.</summary>
    public IReadOnlyList<byte[]> BinaryHeader(string name)
    {
        if (!RequestHeaders.TryGetValue(name, out var values)) return [];
        return MetadataEntry.Decode(values)
            ?? throw new RpcFailure(RpcStatus.InvalidArgument, $"The header {name} is not base64.");
    }

    /// <summary>
    /// Refuses the call without throwing, for refusals that come as often as answers:
    /// <c>return call.Refuse&lt;RedeemCouponResponse&gt;(failure);</c>. It returns null, which is then not looked at.
    /// </summary>
    public TResponse Refuse<TResponse>(RpcFailure failure) where TResponse : class
    {
        _refusal = failure;
        return null!;
    }

    public void AddResponseHeader(string name, string value) => Add(ref _headers, MetadataEntry.Text(name, value));

    public void AddResponseHeader(string name, ReadOnlySpan<byte> value) =>
        Add(ref _headers, MetadataEntry.Binary(name, value));

    public void AddTrailer(string name, string value) => Add(ref _trailers, MetadataEntry.Text(name, value));

    public void AddTrailer(string name, ReadOnlySpan<byte> value) =>
        Add(ref _trailers, MetadataEntry.Binary(name, value));

    // Locked, because a deadline may be sending the response at this moment.
    private void Add(ref List<MetadataEntry>? entries, MetadataEntry entry)
    {
        lock (_gate)
        {
            if (!_isEnded) (entries ??= []).Add(entry);
        }
    }
}
