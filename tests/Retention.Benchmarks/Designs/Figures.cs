using Retention.Server.Load;
using Retention.Server.Load.Http2;

namespace Retention.Benchmarks.Designs;

/// <summary>What one run brought, or the medians of several.</summary>
/// <param name="PerSecond">Calls that succeeded.</param>
/// <param name="ServerMicroseconds">Processor time of the servers' own processes for each call, the database's left out.</param>
/// <param name="DatabaseMicroseconds">Processor time of PostgreSQL for each call.</param>
/// <param name="ServerBytes">Written by the servers' own processes for each call.</param>
internal sealed record Figures(
    double PerSecond, double P50, double P99, double ServerMicroseconds, double DatabaseMicroseconds, double ServerBytes, long Failed)
{
    public static Figures Of(IReadOnlyList<LoadResult> results, TimeSpan database)
    {
        var calls = new CallTally();
        foreach (var result in results) calls.Add(result.Calls);
        var done = calls.Measured(CallOutcome.Ok);
        var ended = Math.Max(1, calls.Latencies.Count);
        return new Figures(
            done / results.Max(x => x.MeasuredSeconds),
            calls.Latencies.PercentileMilliseconds(50),
            calls.Latencies.PercentileMilliseconds(99),
            results.Sum(x => x.ServerUse.ProcessorTime?.TotalMicroseconds ?? 0) / ended,
            database.TotalMicroseconds / ended,
            results.Sum(x => (double)(x.ServerUse.BytesWritten ?? 0)) / ended,
            calls.Latencies.Count - done);
    }

    public static Figures Median(IReadOnlyList<Figures> runs) => new(
        Middle(runs, x => x.PerSecond), Middle(runs, x => x.P50), Middle(runs, x => x.P99),
        Middle(runs, x => x.ServerMicroseconds), Middle(runs, x => x.DatabaseMicroseconds), Middle(runs, x => x.ServerBytes), runs.Sum(x => x.Failed));

    private static double Middle(IReadOnlyList<Figures> runs, Func<Figures, double> value) =>
        runs.Select(value).Order().ElementAt(runs.Count / 2);
}
