using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Retention.Transport.Hosting;

namespace Retention.Transport;

/// <summary>Configures Kestrel's listeners and limits.</summary>
public static class TransportKestrel
{
    /// <summary>
    /// Adds the listeners with every limit of <paramref name="options"/>. Throws where cleartext would leave loopback.
    /// </summary>
    public static void UseTransport(
        this KestrelServerOptions kestrel, TransportListeners listeners, TransportOptions options)
    {
        kestrel.AddServerHeader = false;
        SetLimits(kestrel.Limits, options);
        if (listeners.Grpc is { } grpc) Listen(kestrel, grpc, HttpProtocols.Http2, listeners, options);
        if (listeners.Http is { } http) Listen(kestrel, http, HttpProtocols.Http1, listeners, options);
    }

    private static void SetLimits(KestrelServerLimits limits, TransportOptions options)
    {
        limits.MaxConcurrentConnections = options.MaxConcurrentConnections ?? FileDescriptors.HalfOfLimit();
        limits.MaxRequestHeadersTotalSize = options.MaxHeadersBytes;
        limits.MaxRequestHeaderCount = options.MaxHeaderCount;
        limits.RequestHeadersTimeout = options.RequestHeadersTimeout;
        limits.KeepAliveTimeout = options.KeepAliveTimeout;
        limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        limits.Http2.MaxRequestHeaderFieldSize = options.MaxHeaderBytes;
        limits.Http2.KeepAlivePingDelay = options.KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
    }

    private static void Listen(
        KestrelServerOptions kestrel,
        IPEndPoint endpoint,
        HttpProtocols cleartext,
        TransportListeners listeners,
        TransportOptions options)
    {
        if (listeners.Certificate is null && !IPAddress.IsLoopback(endpoint.Address) && !options.IsTrustedMesh)
        {
            throw new InvalidOperationException(
                $"The server cannot listen on {endpoint} without a certificate: cleartext is served on loopback only.");
        }

        kestrel.Listen(endpoint, listener =>
        {
            listener.Protocols = listeners.Certificate is null ? cleartext : HttpProtocols.Http1AndHttp2;
            if (listeners.Certificate is null) return;
            listener.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = listeners.Certificate,
                HandshakeTimeout = options.TlsHandshakeTimeout,
            });
        });
    }
}
