using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;

namespace Retention.Transport.Hosting;

/// <summary>Lets so many TLS handshakes run at once; the others wait their turn.</summary>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the listener.")]
internal sealed class HandshakeLimit(int concurrent)
{
    private static readonly object Ticket = new();

    private readonly SemaphoreSlim _places = new(concurrent);

    /// <summary>Stands before TLS.</summary>
    public ConnectionDelegate Enter(ConnectionDelegate next) => async connection =>
    {
        await _places.WaitAsync(connection.ConnectionClosed);
        connection.Items[Ticket] = this;
        try
        {
            await next(connection);
        }
        finally
        {
            Release(connection);
        }
    };

    /// <summary>Stands after TLS: the handshake is over, the connection goes on without a place.</summary>
    public ConnectionDelegate Leave(ConnectionDelegate next) => connection =>
    {
        Release(connection);
        return next(connection);
    };

    private void Release(ConnectionContext connection)
    {
        if (connection.Items.Remove(Ticket)) _places.Release();
    }
}
