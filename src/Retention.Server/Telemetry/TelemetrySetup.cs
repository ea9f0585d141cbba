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

    private static readonly string[] Sources = ["Retention.*", "Microsoft.AspNetCore", "System.Net.Http", "Npgsql"];

    private static bool IsExporting => EndpointVariables.Any(name =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)));

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
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
