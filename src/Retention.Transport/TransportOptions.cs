using System.Security.Authentication;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Retention.Transport;

/// <summary>
/// Every limit of the transport, with its default. A limit that is met ends a call with RESOURCE_EXHAUSTED,
/// a connection limit closes or refuses the connection.
/// </summary>
public sealed record TransportOptions
{
    /// <summary>Largest message on the wire and after decompression, in both protocols. 4 MiB, gRPC's usual figure,
    /// can become half a gigabyte of objects.</summary>
    public int MaxMessageBytes { get; init; } = 64 * 1024;

    /// <summary>The same for methods that <see cref="IsBatch"/> marks.</summary>
    public int MaxBatchMessageBytes { get; init; } = 256 * 1024;

    public Func<MethodDescriptor, bool> IsBatch { get; init; } = static _ => false;

    /// <summary>Most elements of all lists in one message together, counted on the wire before it is parsed.</summary>
    public int MaxElements { get; init; } = 1000;

    /// <summary>Makes the refusal of a text that cannot be read: its field's path, and the rule in snake_case.</summary>
    public Func<string, string, RpcFailure> Unreadable { get; init; } = static (field, rule) =>
    {
        var violation = new Rpc.BadRequest.Types.FieldViolation { Field = field, Description = rule.Replace('_', ' ') };
        var details = new Rpc.Status();
        details.Details.Add(Any.Pack(new Rpc.BadRequest { FieldViolations = { violation } }));
        return new RpcFailure(RpcStatus.InvalidArgument, $"{field}: {violation.Description}", details);
    };

    /// <summary>Bytes of request messages that all calls together hold, from the moment they are received until the call
    /// ends or its stream goes on to the next one; what was gzipped counts unpacked too. Above it calls are refused with
    /// RESOURCE_EXHAUSTED and may be sent again.</summary>
    public long MaxRequestBytesInFlight { get; init; } = 64L << 20;

    /// <summary>Makes the refusal where a limit of all calls is met: its name and its value.</summary>
    public Func<string, long, RpcFailure> Overloaded { get; init; } = static (limit, value) =>
    {
        var details = new Rpc.Status();
        details.Details.Add(Any.Pack(new Rpc.RetryInfo { RetryDelay = new Duration { Nanos = 200_000_000 } }));
        return new RpcFailure(RpcStatus.ResourceExhausted, $"The server is overloaded ({limit} {value}).", details);
    };

    /// <summary>Longest life of a unary call; a client may ask for less, not for more.</summary>
    public TimeSpan MaxUnaryDuration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest life of a stream; then UNAVAILABLE, so that clients resume elsewhere.</summary>
    public TimeSpan MaxStreamDuration { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A stream whose peer does not make room for one message within this time is reset.</summary>
    public TimeSpan WriteStallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Null means half of the file descriptors that the process does not need itself: a server that runs out of
    /// them aborts.</summary>
    public int? MaxConcurrentConnections { get; init; }

    public int MaxStreamsPerConnection { get; init; } = 100;

    /// <summary>All names and values of one request's headers together.</summary>
    public int MaxHeadersBytes { get; init; } = 8 * 1024;

    /// <summary>One header; more closes the connection.</summary>
    public int MaxHeaderBytes { get; init; } = 4 * 1024;

    public int MaxHeaderCount { get; init; } = 64;

    /// <summary>Time for the request line and the headers, and for the HTTP/2 preface.</summary>
    public TimeSpan RequestHeadersTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for the first byte of a connection; with TLS from the end of its handshake.</summary>
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time that a connection without a request may stay; on HTTP/2 the answers to pings begin it anew.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time without a frame after which an HTTP/2 client is pinged; at least a second. Kestrel looks once a second
    /// and counts a second more, here and at the answer: with both at 3 s a client that is gone is found in 8 to 10 s.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Time for any frame after that ping; at least a second. Then the connection ends with all its streams.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(3);

    public SslProtocols TlsProtocols { get; init; } = SslProtocols.Tls13;

    public TimeSpan TlsHandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public int MaxConcurrentTlsHandshakes { get; init; } = 32;

    /// <summary>After this time a handshake is waiting for its client rather than running, and another may begin.</summary>
    public TimeSpan TlsHandshakePlaceTime { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>New connections a second from one address; more are closed before TLS. 0 means no limit.</summary>
    public int ConnectionsPerSecondPerAddress { get; init; } = 20;

    public int ConnectionBurstPerAddress { get; init; } = 100;

    /// <summary>A connection that is closed for a flood of frames or requests counts as so many more new ones of its address, and
    /// one that took back most of its requests as its part of them: what costs much is not to be had twenty times a second.
    /// </summary>
    public int ConnectionsChargedPerFlood { get; init; } = 40;

    /// <summary>Whether the rate also holds for loopback, where proxies and tests live.</summary>
    public bool LimitLoopbackConnections { get; init; }

    /// <summary>HTTP/2 frames a second that carry no work (pings, settings, empty data, tiny window updates), beyond
    /// what each request is allowed; more closes the connection. A request that is taken back counts as twenty, and brings
    /// sixteen; a step of a stream's window that is none or too large counts as a hundred. 0 means no limit.</summary>
    public int MaxIdleFramesPerSecond { get; init; } = 1000;

    /// <summary>Origins whose pages may call over gRPC-Web and Connect; "*" means any. None: the own origin.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Allows cleartext off loopback, for a mesh that encrypts by itself.</summary>
    public bool IsTrustedMesh { get; init; }

    /// <summary>Bytes that one stream may send ahead of its reader; at least 65,535. What a client sends before it is
    /// authenticated lies in memory up to this and the next figure.</summary>
    public int StreamWindowBytes { get; init; } = 128 * 1024;

    public int ConnectionWindowBytes { get; init; } = 512 * 1024;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal int MessageLimit(MethodDescriptor method) => IsBatch(method) ? MaxBatchMessageBytes : MaxMessageBytes;
}
