using Retention.Server.Load.Http2;

namespace Retention.Server.Load;

/// <summary>What became of the calls of one thread, or of all of them together.</summary>
internal sealed class CallTally
{
    private readonly long[] _measured = new long[CallOutcome.Count];
    private readonly long[] _all = new long[CallOutcome.Count];
    private long _ended;

    /// <summary>Latencies of the measured calls, whatever became of them.</summary>
    public LatencyHistogram Latencies { get; } = new();

    /// <summary>Calls that ended, measured or not; read while the thread counts.</summary>
    public long Ended => Volatile.Read(ref _ended);

    /// <summary>When the last measured call ended, as a timestamp; 0 before.</summary>
    public long LastMeasuredAt { get; private set; }

    /// <summary>Numbers of the calls that did not end with OK, where the workload asks for them.</summary>
    public List<long> Failed { get; } = [];

    public long Measured(int outcome) => _measured[outcome];

    /// <summary>The same, with the calls before and after the measured time.</summary>
    public long Total(int outcome) => _all[outcome];

    public void Add(in EndedCall call, long endedAt, bool isMeasured)
    {
        _all[call.Outcome]++;
        Volatile.Write(ref _ended, _ended + 1);
        if (!isMeasured) return;
        _measured[call.Outcome]++;
        LastMeasuredAt = endedAt;
        Latencies.Add(System.Diagnostics.Stopwatch.GetElapsedTime(call.StartedAt, endedAt));
    }

    public void Add(CallTally other)
    {
        for (var outcome = 0; outcome < CallOutcome.Count; outcome++)
        {
            _measured[outcome] += other._measured[outcome];
            _all[outcome] += other._all[outcome];
        }

        _ended += other.Ended;
        LastMeasuredAt = Math.Max(LastMeasuredAt, other.LastMeasuredAt);
        Latencies.Add(other.Latencies);
        Failed.AddRange(other.Failed);
    }
}
