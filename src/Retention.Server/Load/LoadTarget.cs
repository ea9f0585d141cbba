using System.Net.Security;
using System.Net.Sockets;
using Retention.Server.Load.Http2;

namespace Retention.Server.Load;

/// <summary>Where the load goes, and as whom.</summary>
internal sealed record LoadTarget(Uri Endpoint, string? Key)
{
    /// <summary>A server that is silent for so long while calls are under way counts as lost.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Connects, blocking: each connection has a thread of its own that does nothing else.</summary>
    public Stream Connect()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.ReceiveTimeout = socket.SendTimeout = (int)Patience.TotalMilliseconds;
            socket.Connect(Endpoint.DnsSafeHost, Endpoint.Port);
            var stream = new NetworkStream(socket, ownsSocket: true);
            return Endpoint.Scheme == Uri.UriSchemeHttps ? Secure(stream) : stream;
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            socket.Dispose();
            throw new Http2Exception($"Nothing answers at {Endpoint.Authority}.", error);
        }
    }

    private SslStream Secure(NetworkStream stream)
    {
        var secure = new SslStream(stream);
        secure.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = Endpoint.DnsSafeHost,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        });
        return secure;
    }
}
