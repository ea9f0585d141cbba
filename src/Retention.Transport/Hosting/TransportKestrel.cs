using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Retention.Transport.Hosting;
using Retention.Transport.Telemetry;

namespace Retention.Transport;

/// <summary>Configures Kestrel's listeners and limits.</summary>
public static class TransportKestrel
{
    /// <summary>
    /// The way to listen: as below, and no more connections are accepted than there are descriptors for.
    /// </summary>
    public static IWebHostBuilder UseTransport(
        this IWebHostBuilder host, TransportListeners listeners, TransportOptions options) => host
        .ConfigureKestrel(kestrel => kestrel.UseTransport(listeners, options))
        .ConfigureServices(services => services.AddSingleton<IConnectionListenerFactory>(provider =>
            ActivatorUtilities.CreateInstance<LimitedListeners>(provider, options)));

    /// <summary>
    /// Adds the listeners with every limit of <paramref name="options"/>. Throws where cleartext would leave loopback.
    /// </summary>
    public static void UseTransport(
        this KestrelServerOptions kestrel, TransportListeners listeners, TransportOptions options)
    {
        kestrel.AddServerHeader = false;
        SetLimits(kestrel.Limits, options);
        var rate = options.ConnectionsPerSecondPerAddress > 0 ? new ConnectionRate(options) : null;
        if (listeners.Grpc is { } grpc) Listen(kestrel, grpc, HttpProtocols.Http2, listeners, options, rate);
        if (listeners.Http is { } http) Listen(kestrel, http, HttpProtocols.Http1, listeners, options, rate);
    }

    private static void UseTls(ListenOptions listener, X509Certificate2 certificate, TransportOptions options)
    {
        // A handshake costs some thousand times what a call costs, so only so many run at once.
        var handshakes = new HandshakeLimit(
            options.MaxConcurrentTlsHandshakes, options.TlsHandshakePlaceTime, options.Time);
        listener.Use(handshakes.Enter);
        listener.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = certificate,
            SslProtocols = options.TlsProtocols,
            HandshakeTimeout = options.TlsHandshakeTimeout,
        });
        listener.Use(HandshakeLimit.Leave);
    }

    private static void SetLimits(KestrelServerLimits limits, TransportOptions options)
    {
        limits.MaxConcurrentConnections = options.MaxConcurrentConnections ?? FileDescriptors.ConnectionsMax();
        limits.MaxRequestHeadersTotalSize = options.MaxHeadersBytes;
        limits.MaxRequestHeaderCount = options.MaxHeaderCount;
        limits.RequestHeadersTimeout = options.RequestHeadersTimeout;
        limits.KeepAliveTimeout = options.KeepAliveTimeout;
        limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        limits.Http2.MaxRequestHeaderFieldSize = options.MaxHeaderBytes;
        limits.Http2.InitialStreamWindowSize = options.StreamWindowBytes;
        limits.Http2.InitialConnectionWindowSize = options.ConnectionWindowBytes;
        limits.Http2.KeepAlivePingDelay = options.KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
    }

    private static void Listen(
        KestrelServerOptions kestrel,
        IPEndPoint endpoint,
        HttpProtocols cleartext,
        TransportListeners listeners,
        TransportOptions options,
        ConnectionRate? rate)
    {
        var loggers = kestrel.ApplicationServices.GetRequiredService<ILoggerFactory>();
        var logger = loggers.CreateLogger(TransportLog.Category);
        if (listeners.Certificate is null && !IPAddress.IsLoopback(endpoint.Address) && !options.IsTrustedMesh)
        {
            throw new InvalidOperationException(
                $"The server cannot listen on {endpoint} without a certificate: cleartext is served on loopback only.");
        }

        kestrel.Listen(endpoint, listener =>
        {
            listener.Protocols = listeners.Certificate is null ? cleartext : HttpProtocols.Http1AndHttp2;
            if (rate is not null) listener.Use(rate.Admit);
            if (listeners.Certificate is { } certificate) UseTls(listener, certificate, options);
            if (options.MaxIdleFramesPerSecond > 0) listener.Use(next => new FrameGuard(next, options, rate, logger).Serve);
        });
    }
}
