using OpenTelemetry.Metrics;

namespace Retention.Server.Telemetry;

/// <summary>Names as the OpenTelemetry to Prometheus mapping makes them: underscores, unit last, counters in _total.</summary>
internal static class PrometheusName
{
    public static string Of(Metric metric)
    {
        var name = Clean(metric.Name) + Unit(metric);
        return IsCounter(metric) && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    public static bool IsCounter(Metric metric) => metric.MetricType is MetricType.LongSum or MetricType.DoubleSum;

    public static string Clean(string name) => string.Create(name.Length, name, static (text, source) =>
    {
        for (var index = 0; index < text.Length; index++)
        {
            text[index] = char.IsAsciiLetterOrDigit(source[index]) ? source[index] : '_';
        }
    });

    private static string Unit(Metric metric)
    {
        var unit = metric.Unit switch
        {
            "s" => "seconds",
            "ms" => "milliseconds",
            "By" => "bytes",
            _ => "",
        };
        return unit.Length == 0 || metric.Name.EndsWith(unit, StringComparison.Ordinal) ? "" : "_" + unit;
    }
}
