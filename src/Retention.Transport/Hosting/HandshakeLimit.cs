using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;

namespace Retention.Transport.Hosting;

/// <summary>
/// Lets so many TLS handshakes run at once; the others wait their turn. A handshake that waits for its client instead of
/// running gives its place up, so that clients which begin and stop keep nobody out.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the listener.")]
internal sealed class HandshakeLimit(int concurrent, TimeSpan placeTime, TimeProvider time)
{
    private static readonly object Ticket = new();

    private readonly SemaphoreSlim _places = new(concurrent);

    /// <summary>Stands before TLS.</summary>
    public ConnectionDelegate Enter(ConnectionDelegate next) => async connection =>
    {
        await _places.WaitAsync(connection.ConnectionClosed);
        using var place = new Place(_places, placeTime, time);
        connection.Items[Ticket] = place;
        await next(connection);
    };

    /// <summary>Stands after TLS: the handshake is over, the connection goes on without a place.</summary>
    public static ConnectionDelegate Leave(ConnectionDelegate next) => connection =>
    {
        if (connection.Items.Remove(Ticket, out var place)) ((Place)place!).Dispose();
        return next(connection);
    };

    private sealed class Place : IDisposable
    {
        private readonly ITimer _timer;
        private SemaphoreSlim? _places;

        public Place(SemaphoreSlim places, TimeSpan until, TimeProvider time)
        {
            _places = places;
            _timer = time.CreateTimer(static place => ((Place)place!).GiveUp(), this, until, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            _timer.Dispose();
            GiveUp();
        }

        private void GiveUp() => Interlocked.Exchange(ref _places, null)?.Release();
    }
}
