using System.Diagnostics.Metrics;

namespace Retention.Engine.Hosting;

/// <summary>The engine's instruments. Names end in their unit's dimension; no label names a customer or tenant.</summary>
public sealed class EngineMeter : IDisposable
{
    public const string Name = "Retention.Engine";

    private readonly Meter meter = new(Name);

    public EngineMeter(
        Func<long> activations, Func<long> activeBytes, Func<long> turns, Func<long> conflicts, Func<double> outboxAge, Func<double> clockAhead)
    {
        Turns = meter.CreateCounter<long>("retention.engine.turns", "{turn}", "Turns answered.");
        Failures = meter.CreateCounter<long>("retention.engine.failures", "{turn}", "Turns that broke an invariant.");
        BatchSize = meter.CreateHistogram<int>("retention.engine.batch.size", "{commit}", "Commits per storage transaction.");
        CommitSeconds = meter.CreateHistogram<double>("retention.engine.commit.duration", "s", "Storage transactions.");
        meter.CreateObservableGauge("retention.engine.activations", activations, "{grain}", "Grains in memory.");
        meter.CreateObservableGauge("retention.engine.active.bytes", activeBytes, "By", "Estimated bytes of grain states.");
        meter.CreateObservableGauge("retention.engine.turns.waiting", turns, "{turn}", "Turns not answered yet.");
        meter.CreateObservableCounter("retention.engine.conflicts", conflicts, "{commit}", "Commits in conflict.");
        meter.CreateObservableGauge("retention.engine.outbox.age", outboxAge, "s", "Age of the oldest effect not received.");
        meter.CreateObservableGauge("retention.engine.clock.ahead", clockAhead, "s", "Wall clock beyond the monotonic one; over 60 either way reminders wait.");
    }

    public Counter<long> Turns { get; }

    public Counter<long> Failures { get; }

    public Histogram<int> BatchSize { get; }

    public Histogram<double> CommitSeconds { get; }

    public void Dispose() => meter.Dispose();
}
