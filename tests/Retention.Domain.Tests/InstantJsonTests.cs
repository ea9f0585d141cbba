using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using Retention.Domain.Json;

namespace Retention.Domain.Tests;

public sealed class InstantJsonTests
{
    private static readonly JsonSerializerOptions Options = new() { Converters = { new InstantJson() } };

    /// <summary>Written as NodaTime's pattern writes it, and read back to the nanosecond. Method: seeded moments of all ages.</summary>
    [Fact]
    public void A_moment_is_stored_as_ISO_8601_and_read_back_exactly()
    {
        var random = new Random(7);
        long[] steps = [1, 1_000, 1_000_000, 1_000_000_000];
        for (var i = 0; i < 20_000; i++)
        {
            var step = steps[i % steps.Length];
            var seconds = random.NextInt64(-80_000_000_000, 253_402_300_000);
            var instant = Instant.FromUnixTimeSeconds(seconds).PlusNanoseconds(random.NextInt64(1_000_000_000) / step * step);

            var text = JsonSerializer.Serialize(instant, Options);

            Assert.Equal($"\"{InstantPattern.ExtendedIso.Format(instant)}\"", text);
            Assert.Equal(instant, JsonSerializer.Deserialize<Instant>(text, Options));
        }
    }

    [Theory]
    [InlineData("2017-02-29T00:00:00Z")]
    [InlineData("2017-13-01T00:00:00Z")]
    [InlineData("2017-01-01T24:00:01Z")]
    [InlineData("2017-01-01T00:60:00Z")]
    [InlineData("2017-01-01T00:00:00.Z")]
    [InlineData("2017-01-01 00:00:00Z")]
    [InlineData("2017-01-01T00:00:0xZ")]
    [InlineData("yesterday")]
    public void What_is_no_moment_is_not_read(string text)
    {
        Assert.ThrowsAny<Exception>(() => JsonSerializer.Deserialize<Instant>($"\"{text}\"", Options));
    }

    [Fact]
    public void The_first_and_last_moments_are_read_back()
    {
        foreach (var instant in (Instant[])[Instant.MinValue, Instant.MaxValue, NodaConstants.UnixEpoch])
        {
            Assert.Equal(instant, JsonSerializer.Deserialize<Instant>(JsonSerializer.Serialize(instant, Options), Options));
        }
    }
}
