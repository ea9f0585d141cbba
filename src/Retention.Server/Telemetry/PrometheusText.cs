using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Retention.Server.Telemetry;

/// <summary>
/// Metrics in the Prometheus text format 0.0.4, aggregated by the OpenTelemetry SDK and written when they are asked for.
/// </summary>
internal sealed class PrometheusText : IDisposable
{
    private readonly Lock gate = new();
    private readonly TextExporter exporter = new();

    public PrometheusText() => Reader = new BaseExportingMetricReader(exporter);

    /// <summary>The reader to give to the meter provider.</summary>
    public BaseExportingMetricReader Reader { get; }

    public string Scrape()
    {
        lock (gate)
        {
            exporter.Text.Clear();
            exporter.Collect?.Invoke(1_000);
            return exporter.Text.ToString();
        }
    }

    public void Dispose()
    {
        Reader.Dispose();
        exporter.Dispose();
    }

    [ExportModes(ExportModes.Pull)]
    private sealed class TextExporter : BaseExporter<Metric>, IPullMetricExporter
    {
        public StringBuilder Text { get; } = new();

        public Func<int, bool>? Collect { get; set; }

        public override ExportResult Export(in Batch<Metric> batch)
        {
            var metrics = new List<Metric>();
            foreach (var metric in batch)
            {
                metrics.Add(metric);
            }

            // Meters may share a name; the format wants all lines of a name together.
            foreach (var same in metrics.GroupBy(PrometheusName.Of))
            {
                var writer = new PrometheusWriter(Text, same.Key);
                writer.Head(same.First());
                foreach (var metric in same)
                {
                    writer.Points(metric);
                }
            }

            return ExportResult.Success;
        }
    }
}
