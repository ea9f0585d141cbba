using System.Diagnostics;
using Retention.Server.Load.Http2;

namespace Retention.Server.Load;

/// <summary>What a run brought.</summary>
internal sealed record LoadResult(CallTally Calls, double MeasuredSeconds, ServerUse ServerUse, int Connections)
{
    public double? ServerMicrosecondsPerCall => Calls.Latencies.Count == 0
        ? null
        : ServerUse.ProcessorTime?.TotalMicroseconds / Calls.Latencies.Count;

    public double? ServerBytesPerCall => Calls.Latencies.Count == 0
        ? null
        : (double?)ServerUse.BytesWritten / Calls.Latencies.Count;
}

/// <summary>A closed-loop run: a few connections with a thread each share the calls under way.</summary>
internal sealed class LoadRun(LoadTarget target, LoadPlan plan)
{
    private const int FewConnections = 4;

    /// <summary>Asked what the server has used, before and after the measured time.</summary>
    public Func<ServerUse> ServerUse { get; init; } = static () => default;

    /// <summary>Told several times a second how many calls have ended.</summary>
    public Action<long>? Progress { get; init; }

    public LoadResult Execute(Workload workload, CancellationToken cancellation)
    {
        var shares = Shares(AllowedPerConnection(workload));
        var clock = LoadClock.Of(plan);
        var loops = shares.Select(share => new CallLoop(target, workload, plan, clock, share)).ToList();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var faults = new List<Exception>();
        var threads = loops.ConvertAll(loop => Start(loop, stop, faults));
        var (serverUse, measuredUntil) = Watch(threads, loops, clock);
        if (faults.Count > 0) throw new LoadException(faults[0].Message, faults[0]);
        cancellation.ThrowIfCancellationRequested();

        var calls = new CallTally();
        foreach (var loop in loops) calls.Add(loop.Tally);
        var seconds = Stopwatch.GetElapsedTime(clock.MeasuredFrom, Math.Max(measuredUntil, clock.MeasuredFrom));
        return new LoadResult(calls, seconds.TotalSeconds, serverUse, loops.Sum(loop => loop.Connections));
    }

    // The first connection tells how many calls the server takes on each.
    private int AllowedPerConnection(Workload workload)
    {
        try
        {
            var headers = new CallHeaders(target.Endpoint, workload.Path, target.Key);
            using var connection = new CallConnection(target.Connect(), headers, workload.Message.Bytes);
            return connection.MaxConcurrentCalls;
        }
        catch (Http2Exception error)
        {
            throw new LoadException(error.Message, error);
        }
    }

    private List<int> Shares(int allowed)
    {
        var perConnection = Math.Clamp(allowed, 1, 100);
        var count = Math.Max(
            Math.Min(FewConnections, plan.Concurrency), (plan.Concurrency + perConnection - 1) / perConnection);
        return [.. Enumerable.Range(0, count).Select(i => (plan.Concurrency + i) / count)];
    }

    private static Thread Start(CallLoop loop, CancellationTokenSource stop, List<Exception> faults)
    {
        var thread = new Thread(() =>
        {
            try
            {
                loop.Run(stop.Token);
            }
            catch (Exception error)
            {
                // One thread that cannot go on ends the run, and tells why.
                lock (faults) faults.Add(error);
                stop.Cancel();
            }
        });
        thread.IsBackground = true;
        thread.Start();
        return thread;
    }

    // Asks the server at both ends of the measured time, and reports the calls in between.
    private (ServerUse Use, long MeasuredUntil) Watch(List<Thread> threads, List<CallLoop> loops, LoadClock clock)
    {
        var isOut = WaitUntil(clock.MeasuredFrom, threads, loops);
        var before = ServerUse();
        isOut |= WaitUntil(clock.MeasuredUntil, threads, loops);
        var spent = ServerUse() - before;
        foreach (var thread in threads) thread.Join();
        return (spent, isOut ? loops.Max(loop => loop.Tally.LastMeasuredAt) : clock.MeasuredUntil);
    }

    // True where all calls have ended before, because there were no more.
    private bool WaitUntil(long timestamp, List<Thread> threads, List<CallLoop> loops)
    {
        while (true)
        {
            var left = timestamp - Stopwatch.GetTimestamp();
            if (left <= 0) return false;
            var pause = Math.Clamp((int)(left * 1000 / Stopwatch.Frequency), 1, 100);
            if (threads[0].Join(pause) && threads.TrueForAll(thread => thread.Join(100)))
            {
                return Stopwatch.GetTimestamp() < timestamp;
            }

            Progress?.Invoke(loops.Sum(loop => loop.Tally.Ended));
        }
    }
}
