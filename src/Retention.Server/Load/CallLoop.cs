using System.Diagnostics;
using Retention.Server.Load.Http2;

namespace Retention.Server.Load;

/// <summary>
/// Keeps a number of calls under way over one connection, on one thread: every answer is followed by the next call,
/// and all that follow the answers of one read leave in one write.
/// </summary>
internal sealed class CallLoop(LoadTarget target, Workload workload, LoadPlan plan, LoadClock clock, int share)
{
    private readonly CallHeaders _headers = new(target.Endpoint, workload.Path, target.Key);
    private bool _isOut;

    public CallTally Tally { get; } = new();

    /// <summary>Connections made, the first one included.</summary>
    public int Connections { get; private set; }

    public void Run(CancellationToken cancellation)
    {
        do
        {
            using var connection = Connect(cancellation);
            try
            {
                Drive(connection, cancellation);
            }
            catch (Http2Exception)
            {
                // What was already answered counts as what it was; only the rest is lost.
                connection.Abandon();
                Count(connection);
            }
        }
        while (!IsOver(cancellation));
    }

    private CallConnection Connect(CancellationToken cancellation)
    {
        var startedAt = Stopwatch.GetTimestamp();
        for (var pause = 20; ; pause = Math.Min(pause * 2, 500))
        {
            Stream? stream = null;
            try
            {
                stream = target.Connect();
                var connection = new CallConnection(stream, _headers, workload.Message.Bytes, plan.LastStreamId);
                Connections++;
                return connection;
            }
            catch (Http2Exception) when (Connections > 0 && Stopwatch.GetElapsedTime(startedAt) < plan.ReconnectFor)
            {
                stream?.Dispose();
                cancellation.WaitHandle.WaitOne(pause);
            }
        }
    }

    private void Drive(CallConnection connection, CancellationToken cancellation)
    {
        while (true)
        {
            if (!IsOver(cancellation)) Fill(connection);
            if (connection.ActiveCalls == 0 && (connection.IsUsedUp || IsOver(cancellation))) return;
            connection.Flush();
            connection.Receive();
            Count(connection);
        }
    }

    private void Fill(CallConnection connection)
    {
        var now = Stopwatch.GetTimestamp();
        while (connection.ActiveCalls < share && connection.CanStart)
        {
            if (!workload.TryTake(out var number))
            {
                _isOut = true;
                return;
            }

            workload.Message.Patch(connection.Start(number, now), number);
        }
    }

    private void Count(CallConnection connection)
    {
        var now = Stopwatch.GetTimestamp();
        var isMeasured = clock.IsMeasured(now);
        foreach (ref readonly var call in connection.TakeEnded())
        {
            Tally.Add(call, now, isMeasured);
            if (plan.KeepsFailed && call.Outcome != CallOutcome.Ok) Tally.Failed.Add(call.Number);
        }
    }

    private bool IsOver(CancellationToken cancellation) =>
        _isOut || cancellation.IsCancellationRequested || clock.IsOver(Stopwatch.GetTimestamp());
}

/// <summary>The measured time of a run, as timestamps.</summary>
internal readonly record struct LoadClock(long MeasuredFrom, long MeasuredUntil)
{
    public static LoadClock Of(LoadPlan plan)
    {
        var from = Stopwatch.GetTimestamp() + Ticks(plan.WarmUp);
        return new LoadClock(from, from + Ticks(plan.Duration));
    }

    public bool IsMeasured(long timestamp) => timestamp >= MeasuredFrom && timestamp < MeasuredUntil;

    public bool IsOver(long timestamp) => timestamp >= MeasuredUntil;

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
