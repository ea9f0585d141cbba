using System.Collections.Concurrent;
using System.Net;

namespace Retention.Server.Auth;

/// <summary>
/// Counts failed authentications per address. Beyond the rate nothing of that address is looked up any more, so that
/// guessing costs the server nothing; credentials that are known already are not touched by it.
/// </summary>
public sealed class FailureLimit(int failuresPerMinute, TimeProvider time)
{
    private const int AddressesMax = 100_000;

    private readonly ConcurrentDictionary<IPAddress, Bucket> buckets = [];

    /// <summary>False when the address has failed too often; 0 failures a minute means no limit.</summary>
    public bool MayTry(IPAddress address) =>
        failuresPerMinute <= 0 || !buckets.TryGetValue(address, out var bucket) || bucket.HasRoom();

    public void Count(IPAddress address)
    {
        if (failuresPerMinute <= 0) return;

        // Under attack by very many addresses the table starts anew rather than grow.
        if (buckets.Count > AddressesMax) buckets.Clear();
        buckets.GetOrAdd(address, _ => new Bucket(failuresPerMinute, time)).Take();
    }

    private sealed class Bucket(int perMinute, TimeProvider time)
    {
        private readonly Lock gate = new();
        private double left = perMinute;
        private long at = time.GetTimestamp();

        public bool HasRoom()
        {
            lock (gate)
            {
                Refill();
                return left >= 1;
            }
        }

        public void Take()
        {
            lock (gate)
            {
                Refill();
                left = Math.Max(0, left - 1);
            }
        }

        private void Refill()
        {
            var now = time.GetTimestamp();
            left = Math.Min(perMinute, left + (time.GetElapsedTime(at, now).TotalMinutes * perMinute));
            at = now;
        }
    }
}
