using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Retention.Server.Telemetry;

/// <summary>
/// Logs as JSON lines on the error stream, metrics as Prometheus text, and all three signals over OTLP where an
/// endpoint is configured (OTEL_EXPORTER_OTLP_ENDPOINT or one of its kind per signal).
/// </summary>
internal static class TelemetrySetup
{
    private static readonly string[] EndpointVariables =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    ];

    private static readonly string[] Meters =
        ["Retention.*", "Microsoft.AspNetCore.*", "System.Runtime", "System.Net.Http", "Npgsql"];

    // Counted up and down under a lock, and found by their tags, for every call; rpc.server.in_flight and the queue of
    // the thread pool tell the same.
    private static readonly string[] DroppedInstruments =
        ["http.server.active_requests", "kestrel.queued_requests"];

    private static readonly string[] Sources = ["Retention.*", "Microsoft.AspNetCore", "System.Net.Http", "Npgsql"];

    private static bool IsExporting => EndpointVariables.Any(name =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)));

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);

        // Merely enabled, it makes an activity and a log scope for every request, whether anybody sees them or not.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddJsonConsole(json =>
        {
            json.UseUtcTimestamp = true;
            json.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
        });
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console =>
            console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (IsExporting)
        {
            builder.Logging.AddOpenTelemetry(logs => logs.SetResourceBuilder(Resource()).AddOtlpExporter());
        }

        builder.Services.AddSingleton<PrometheusText>();
        builder.Services.AddHostedService(services => new TelemetryProviders(services.GetRequiredService<PrometheusText>()));
    }

    /// <summary>Spans over OTLP; null where nothing would receive them.</summary>
    public static TracerProvider? CreateTracing() => IsExporting
        ? Sdk.CreateTracerProviderBuilder().SetResourceBuilder(Resource()).AddSource(Sources).AddOtlpExporter().Build()
        : null;

    public static MeterProvider CreateMetrics(PrometheusText text)
    {
        var builder = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(Resource())
            .SetExemplarFilter(ExemplarFilterType.TraceBased)
            .AddMeter(Meters)
            .AddReader(text.Reader);
        foreach (var instrument in DroppedInstruments) builder.AddView(instrument, MetricStreamConfiguration.Drop);
        return (IsExporting ? builder.AddOtlpExporter() : builder).Build();
    }

    private static ResourceBuilder Resource() =>
        ResourceBuilder.CreateDefault().AddService("retention", serviceInstanceId: Environment.MachineName)
            .AddEnvironmentVariableDetector();
}

/// <summary>Keeps the providers alive as long as the server, and flushes them at its end.</summary>
internal sealed class TelemetryProviders(PrometheusText text) : IHostedService, IDisposable
{
    private TracerProvider? tracing;
    private MeterProvider? metrics;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        tracing = TelemetrySetup.CreateTracing();
        metrics = TelemetrySetup.CreateMetrics(text);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        tracing?.Dispose();
        metrics?.Dispose();
    }
}
