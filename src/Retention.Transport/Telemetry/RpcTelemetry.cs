using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http.Features;
using Retention.Transport.Wire;

namespace Retention.Transport.Telemetry;

/// <summary>Spans and metrics of calls, by the names of the RPC conventions v1.44.0.</summary>
internal static class RpcTelemetry
{
    public const string MeterName = "Retention.Transport";

    private const string SystemName = "rpc.system.name";
    private const string MethodName = "rpc.method";
    private const string StatusCode = "rpc.response.status_code";
    private const string ErrorType = "error.type";

    private static readonly Meter Meter = new(new MeterOptions(MeterName)
    {
        TelemetrySchemaUrl = "https://opentelemetry.io/schemas/1.44.0",
    });

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "rpc.server.call.duration",
        "s",
        "Time from the request's headers to the end of the response.",
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        });

    private static long _inFlight;

    static RpcTelemetry() => Meter.CreateObservableUpDownCounter(
        "rpc.server.in_flight",
        static () => Interlocked.Read(ref _inFlight),
        "{call}",
        "Calls that are being answered.");

    public static void Started() => Interlocked.Increment(ref _inFlight);

    public static void Finished(CallContext call)
    {
        Interlocked.Decrement(ref _inFlight);
        var activity = call.Http.Features.Get<IHttpActivityFeature>()?.Activity;
        if (activity is null && !Duration.Enabled) return;

        var system = call.Protocol is RpcProtocol.Grpc or RpcProtocol.GrpcWeb ? "grpc" : "connectrpc";
        if (Duration.Enabled) Record(system, call.Method, call.Status, call.Rpc.Runtime.Time, call.StartedAt);
        if (activity is not null) Mark(activity, system, call.Method, call.Status);
    }

    /// <summary>A call to a method that does not exist: the caller made its name up, so it is kept nowhere.</summary>
    public static void Unknown(TimeProvider time, long startedAt) =>
        Record("grpc", "_OTHER", RpcStatus.Unimplemented, time, startedAt);

    private static void Record(string system, string method, RpcStatus status, TimeProvider time, long startedAt)
    {
        var tags = new TagList
        {
            { SystemName, system },
            { MethodName, method },
            { StatusCode, StatusText.Name(status) },
        };
        if (IsServersFault(status)) tags.Add(ErrorType, StatusText.Name(status));
        Duration.Record(time.GetElapsedTime(startedAt).TotalSeconds, tags);
    }

    private static void Mark(Activity activity, string system, string method, RpcStatus status)
    {
        activity.DisplayName = method;
        activity.SetTag(SystemName, system).SetTag(MethodName, method).SetTag(StatusCode, StatusText.Name(status));
        if (!IsServersFault(status)) return;
        activity.SetTag(ErrorType, StatusText.Name(status));
        activity.SetStatus(ActivityStatusCode.Error);
    }

    private static bool IsServersFault(RpcStatus status) => status is RpcStatus.Unknown or RpcStatus.DeadlineExceeded
        or RpcStatus.Unimplemented or RpcStatus.Internal or RpcStatus.Unavailable or RpcStatus.DataLoss;
}
