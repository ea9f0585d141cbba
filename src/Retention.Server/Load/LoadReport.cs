using System.Text.Json;
using System.Text.Json.Serialization;
using Retention.Server.Load.Http2;

namespace Retention.Server.Load;

/// <summary>What a run tells, as one line of JSON.</summary>
internal sealed record LoadReport
{
    private static readonly JsonSerializerOptions OneLine = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    public required string Operation { get; init; }

    public required int Concurrency { get; init; }

    /// <summary>The measured time; shorter than asked where the limit of a code was met before.</summary>
    public required double Seconds { get; init; }

    /// <summary>Calls that ended with OK in the measured time.</summary>
    public required long Operations { get; init; }

    /// <summary>Calls that ended otherwise, but for refusals that the operation is about.</summary>
    public required long Errors { get; init; }

    public required double PerSecond { get; init; }

    public required double P50Ms { get; init; }

    public required double P95Ms { get; init; }

    public required double P99Ms { get; init; }

    public required double MaxMs { get; init; }

    public required double? ServerCpuUsPerOperation { get; init; }

    /// <summary>What the server wrote to disk for each call; null where its process cannot be asked.</summary>
    public required double? ServerBytesPerOperation { get; init; }

    public required double FsyncP50Us { get; init; }

    /// <summary>How many calls ended with which status, in the measured time.</summary>
    public required Dictionary<string, long> Statuses { get; init; }

    /// <summary>Programs that wanted a processor in the last minute; null where the system does not tell.</summary>
    public required double? LoadAverage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tenant { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Customers { get; init; }

    /// <summary>How often the code may be redeemed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Limit { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Coupons { get; init; }

    /// <summary>How their codes lie on disk: series or stored.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Codes { get; init; }

    /// <summary>Redemptions that were answered with OK, in the whole run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Accepted { get; init; }

    /// <summary>Redemptions that were refused because of the limit, in the whole run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Refused { get; init; }

    /// <summary>Redemptions that the server counts after the run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Redeemed { get; init; }

    public static LoadReport Of(string operation, LoadPlan plan, LoadResult result, int? expectedRefusal = null)
    {
        var calls = result.Calls;
        var ok = calls.Measured(CallOutcome.Ok);
        var refused = expectedRefusal is { } outcome ? calls.Measured(outcome) : 0;
        return new LoadReport
        {
            Operation = operation,
            Concurrency = plan.Concurrency,
            Seconds = Math.Round(result.MeasuredSeconds, 3),
            Operations = ok,
            Errors = calls.Latencies.Count - ok - refused,
            PerSecond = result.MeasuredSeconds > 0 ? Math.Round(ok / result.MeasuredSeconds, 1) : 0,
            P50Ms = Percentile(calls, 50),
            P95Ms = Percentile(calls, 95),
            P99Ms = Percentile(calls, 99),
            MaxMs = Math.Round(calls.Latencies.MaxMilliseconds, 3),
            ServerCpuUsPerOperation = Rounded(result.ServerMicrosecondsPerCall),
            ServerBytesPerOperation = Rounded(result.ServerBytesPerCall),
            FsyncP50Us = 0,
            Statuses = Enumerable.Range(0, CallOutcome.Count).Where(status => calls.Measured(status) > 0)
                .ToDictionary(CallOutcome.Name, calls.Measured),
            LoadAverage = ReadLoadAverage(),
        };
    }

    public string ToJson() => JsonSerializer.Serialize(this, OneLine);

    private static double Percentile(CallTally calls, double percent) =>
        Math.Round(calls.Latencies.PercentileMilliseconds(percent), 3);

    private static double? Rounded(double? value) => value is { } known ? Math.Round(known, 2) : null;

    private static double? ReadLoadAverage() => File.Exists("/proc/loadavg")
        ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0])
        : null;
}
