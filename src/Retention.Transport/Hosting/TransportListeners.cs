using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Retention.Transport;

/// <summary>
/// Where the server listens. Cleartext cannot carry HTTP/1.1 and HTTP/2 on one port, hence two; with a certificate
/// both ports speak both.
/// </summary>
public sealed record TransportListeners
{
    /// <summary>gRPC: HTTP/2.</summary>
    public IPEndPoint? Grpc { get; init; }

    /// <summary>gRPC-Web, Connect and the rest of the application: HTTP/1.1.</summary>
    public IPEndPoint? Http { get; init; }

    /// <summary>Required off loopback.</summary>
    public X509Certificate2? Certificate { get; init; }
}
