using System.Diagnostics;
using System.Numerics;

namespace Retention.Server.Load;

/// <summary>
/// Counts latencies in buckets whose width grows with the value: exact below 256 us, within 1/128 above. It is made
/// once and counts without allocating; each thread has its own.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int PrecisionBits = 7;
    private const int HalfOctave = 1 << PrecisionBits;

    // The last octave ends beyond an hour.
    private const int Octaves = 26;
    private const long LongestMicroseconds = (1L << (PrecisionBits + Octaves)) - 1;

    private readonly long[] _counts = new long[HalfOctave * (Octaves + 1)];

    public long Count { get; private set; }

    public double MaxMilliseconds { get; private set; }

    public void Add(TimeSpan latency)
    {
        var microseconds = Math.Clamp(latency.Ticks / TimeSpan.TicksPerMicrosecond, 0, LongestMicroseconds);
        _counts[Bucket(microseconds)]++;
        Count++;
        MaxMilliseconds = Math.Max(MaxMilliseconds, latency.TotalMilliseconds);
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        Count += other.Count;
        MaxMilliseconds = Math.Max(MaxMilliseconds, other.MaxMilliseconds);
    }

    /// <summary>The smallest latency that at least this share of the calls did not exceed; 0 without calls.</summary>
    public double PercentileMilliseconds(double percent)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(Count * percent / 100));
        var seen = 0L;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= rank) return Math.Min(Highest(bucket) / 1000.0, MaxMilliseconds);
        }

        return 0;
    }

    private static int Bucket(long microseconds)
    {
        var octave = Math.Max(0, BitOperations.Log2((ulong)microseconds) - PrecisionBits);
        return (octave * HalfOctave) + (int)(microseconds >> octave);
    }

    private static long Highest(int bucket)
    {
        var octave = Math.Max(0, (bucket / HalfOctave) - 1);
        var step = bucket - (octave * HalfOctave);
        Debug.Assert(step < 2 * HalfOctave, "A bucket holds one octave's step.");
        return ((long)(step + 1) << octave) - 1;
    }
}
