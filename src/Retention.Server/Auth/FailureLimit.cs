using System.Collections.Concurrent;

namespace Retention.Server.Auth;

/// <summary>
/// Counts failures per source: an address, a credential, a customer. Beyond the rate nothing of that source is looked up
/// any more, so that guessing costs the server nothing. In the memory of one node.
/// </summary>
public sealed class FailureLimit<TSource>(int failuresPerMinute, TimeProvider time)
    where TSource : notnull
{
    private const int SourcesMax = 100_000;

    private readonly ConcurrentDictionary<TSource, Bucket> buckets = [];

    /// <summary>False when the source has failed too often; 0 failures a minute means no limit.</summary>
    public bool MayTry(TSource source) =>
        failuresPerMinute <= 0 || !buckets.TryGetValue(source, out var bucket) || bucket.HasRoom();

    public void Count(TSource source)
    {
        if (failuresPerMinute <= 0) return;

        // Under attack by very many sources the table starts anew rather than grow.
        if (buckets.Count > SourcesMax) buckets.Clear();
        buckets.GetOrAdd(source, _ => new Bucket(failuresPerMinute, time)).Take();
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
