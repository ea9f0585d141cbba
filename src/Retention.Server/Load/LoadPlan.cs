namespace Retention.Server.Load;

/// <summary>How a run goes: how many calls are under way at once, and for how long.</summary>
internal sealed record LoadPlan
{
    public required int Concurrency { get; init; }

    /// <summary>Calls before the measured time, so that neither compilers nor caches are measured.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>The measured time; a workload that runs out of calls ends it sooner.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Whether the numbers of failed calls are kept, so that they can be repeated.</summary>
    public bool KeepsFailed { get; init; }

    /// <summary>How long a lost server may stay away before the run fails.</summary>
    public TimeSpan ReconnectFor { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection is given up after this stream number, as HTTP/2 demands at the very last one.</summary>
    public int LastStreamId { get; init; } = Http2.CallConnection.LastStreamId;
}
