using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Retention.Transport.Hosting;

/// <summary>
/// Closes connections of an address that opens them too fast, before TLS and HTTP/2 spend anything on them. Without
/// it, opening and resetting is the cheapest way to keep the server busy.
/// </summary>
internal sealed class ConnectionRate(TransportOptions options)
{
    private const int AddressesMax = 100_000;

    private readonly ConcurrentDictionary<IPAddress, Bucket> _buckets = [];

    public ConnectionDelegate Admit(ConnectionDelegate next) => connection =>
    {
        if (connection.RemoteEndPoint is IPEndPoint { Address: var address } && !IsAllowed(address))
        {
            connection.Abort(new ConnectionAbortedException("Too many connections from one address."));
            return Task.CompletedTask;
        }

        return next(connection);
    };

    public bool IsAllowed(IPAddress address)
    {
        if (!options.LimitLoopbackConnections && IPAddress.IsLoopback(address)) return true;

        // Under attack by very many addresses the table starts anew rather than grow: each then has a burst again.
        if (_buckets.Count > AddressesMax) _buckets.Clear();
        return _buckets.GetOrAdd(address, static (_, o) => new Bucket(o), options).TryTake();
    }

    /// <summary>Counts a connection that was a flood, or a part of one (from 0 to 1), as so many more of its address.</summary>
    public void Charge(EndPoint? peer, double floods)
    {
        if (floods == 0 || peer is not IPEndPoint { Address: var address } || !_buckets.TryGetValue(address, out var bucket)) return;
        bucket.Take(floods * options.ConnectionsChargedPerFlood);
    }

    private sealed class Bucket(TransportOptions options)
    {
        private readonly Lock _gate = new();
        private double _tokens = options.ConnectionBurstPerAddress;
        private long _at = options.Time.GetTimestamp();

        public bool TryTake()
        {
            lock (_gate)
            {
                Refill();
                if (_tokens < 1) return false;
                _tokens--;
                return true;
            }
        }

        // Debts are bounded, so that an address is served again soon after its floods end.
        public void Take(double tokens)
        {
            lock (_gate)
            {
                Refill();
                _tokens = Math.Max(_tokens - tokens, -options.ConnectionBurstPerAddress);
            }
        }

        private void Refill()
        {
            var now = options.Time.GetTimestamp();
            var seconds = options.Time.GetElapsedTime(_at, now).TotalSeconds;
            var tokens = _tokens + (seconds * options.ConnectionsPerSecondPerAddress);
            _tokens = Math.Min(options.ConnectionBurstPerAddress, tokens);
            _at = now;
        }
    }
}
