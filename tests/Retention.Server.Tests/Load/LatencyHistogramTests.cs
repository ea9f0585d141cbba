using Retention.Server.Load;

namespace Retention.Server.Tests.Load;

public sealed class LatencyHistogramTests
{
    /// <summary>Method: latencies over seven orders of magnitude beside a sorted list of the same ones.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Percentiles_are_those_of_the_sorted_latencies_within_one_percent(int seed)
    {
        var random = new Random(seed);
        var histogram = new LatencyHistogram();
        var sorted = new List<double>();
        for (var i = 0; i < 20_000; i++)
        {
            var latency = TimeSpan.FromMicroseconds(Math.Round(Math.Pow(10, random.NextDouble() * 7)));
            histogram.Add(latency);
            sorted.Add(latency.TotalMilliseconds);
        }

        sorted.Sort();

        Assert.Equal(sorted[^1], histogram.MaxMilliseconds);
        foreach (var percent in new[] { 1.0, 50, 95, 99, 99.9, 100 })
        {
            var expected = sorted[(int)Math.Ceiling(sorted.Count * percent / 100) - 1];
            Assert.InRange(histogram.PercentileMilliseconds(percent), expected, expected * 1.01);
        }
    }

    [Fact]
    public void Small_latencies_are_exact()
    {
        var histogram = new LatencyHistogram();
        for (var microseconds = 1; microseconds <= 100; microseconds++)
        {
            histogram.Add(TimeSpan.FromMicroseconds(microseconds));
        }

        Assert.Equal(0.050, histogram.PercentileMilliseconds(50));
        Assert.Equal(0.095, histogram.PercentileMilliseconds(95));
        Assert.Equal(0.100, histogram.PercentileMilliseconds(100));
    }

    [Fact]
    public void Histograms_of_several_threads_add_up()
    {
        var (left, right, both) = (new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram());
        for (var i = 1; i <= 1000; i++)
        {
            (i % 3 == 0 ? left : right).Add(TimeSpan.FromMicroseconds(i * i));
            both.Add(TimeSpan.FromMicroseconds(i * i));
        }

        left.Add(right);

        Assert.Equal(both.Count, left.Count);
        Assert.Equal(both.MaxMilliseconds, left.MaxMilliseconds);
        Assert.Equal(both.PercentileMilliseconds(95), left.PercentileMilliseconds(95));
    }

    [Fact]
    public void A_run_without_calls_has_no_latency() =>
        Assert.Equal(0, new LatencyHistogram().PercentileMilliseconds(99));

    [Fact]
    public void A_call_of_a_day_still_counts()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(TimeSpan.FromDays(1));

        Assert.Equal(1, histogram.Count);
        Assert.Equal(86_400_000, histogram.MaxMilliseconds);
    }
}
