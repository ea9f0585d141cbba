using System.Text;
using OpenTelemetry.Metrics;

namespace Retention.Server.Telemetry;

/// <summary>Writes the lines of one metric name.</summary>
internal sealed class PrometheusWriter(StringBuilder text, string name)
{
    public void Head(Metric metric)
    {
        if (metric.Description.Length > 0)
        {
            text.Append("# HELP ").Append(name).Append(' ')
                .Append(metric.Description.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        }

        text.Append("# TYPE ").Append(name).Append(' ').Append(TypeOf(metric)).Append('\n');
    }

    public void Points(Metric metric)
    {
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            switch (metric.MetricType)
            {
                case MetricType.Histogram:
                    Histogram(point);
                    break;
                case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                    Line("", point, null, $"{point.GetSumLong()}");
                    break;
                case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                    Line("", point, null, Number(point.GetSumDouble()));
                    break;
                case MetricType.LongGauge:
                    Line("", point, null, $"{point.GetGaugeLastValueLong()}");
                    break;
                case MetricType.DoubleGauge:
                    Line("", point, null, Number(point.GetGaugeLastValueDouble()));
                    break;
            }
        }
    }

    private static string TypeOf(Metric metric) => metric.MetricType switch
    {
        MetricType.Histogram => "histogram",
        MetricType.LongSum or MetricType.DoubleSum => "counter",
        _ => "gauge",
    };

    private void Histogram(in MetricPoint point)
    {
        var count = 0L;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            Line("_bucket", point, Number(bucket.ExplicitBound), $"{count}");
        }

        Line("_sum", point, null, Number(point.GetHistogramSum()));
        Line("_count", point, null, $"{point.GetHistogramCount()}");
    }

    private void Line(string suffix, in MetricPoint point, string? bound, string value)
    {
        text.Append(name).Append(suffix);
        var separator = '{';
        foreach (var tag in point.Tags)
        {
            Label(separator, PrometheusName.Clean(tag.Key), tag.Value?.ToString() ?? "");
            separator = ',';
        }

        if (bound is not null)
        {
            Label(separator, "le", bound);
            separator = ',';
        }

        if (separator == ',') text.Append('}');
        text.Append(' ').Append(value).Append('\n');
    }

    private void Label(char separator, string key, string value) => text
        .Append(separator).Append(key).Append("=\"")
        .Append(value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R");
}
