using NodaTime;
using Retention.Engine.Hosting;

namespace Retention.Engine.Tests.Hosting;

/// <summary>A node's time follows the wall clock, and does not follow it when it jumps.</summary>
public sealed class GuardedClockTests
{
    private static readonly Instant Noon = Instant.FromUtc(2026, 3, 1, 12, 0);
    private readonly TwoClocks clocks = new(Noon);
    private readonly List<(bool IsApart, double Ahead)> told = [];
    private readonly GuardedClock clock;

    public GuardedClockTests() => clock = new GuardedClock(clocks, (isApart, ahead) => told.Add((isApart, ahead.TotalSeconds)));

    [Fact]
    public void While_both_clocks_agree_the_time_is_that_of_the_wall()
    {
        clocks.Go(TimeSpan.FromMinutes(10));
        clocks.Jump(TimeSpan.FromSeconds(60));

        Assert.Equal(Noon + Duration.FromMinutes(11), clock.GetCurrentInstant());
        Assert.False(clock.IsInDoubt);
        Assert.Empty(told);
    }

    [Theory]
    [InlineData(10 * 86_400)]
    [InlineData(-10 * 86_400)]
    [InlineData(61)]
    [InlineData(-61)]
    public void A_wall_clock_that_jumps_is_not_followed(int seconds)
    {
        clocks.Jump(TimeSpan.FromSeconds(seconds));
        clocks.Go(TimeSpan.FromMinutes(5));

        Assert.Equal(Noon + Duration.FromMinutes(5), clock.GetCurrentInstant());
        Assert.True(clock.IsInDoubt);
        Assert.Equal([(true, (double)seconds)], told);
    }

    [Fact]
    public void A_wall_clock_that_comes_back_is_followed_again()
    {
        clocks.Jump(TimeSpan.FromDays(10));
        clock.GetCurrentInstant();
        clocks.Jump(TimeSpan.FromDays(-10) + TimeSpan.FromSeconds(2));

        Assert.Equal(Noon + Duration.FromSeconds(2), clock.GetCurrentInstant());
        Assert.Equal([(true, 864_000), (false, 2)], told);
    }

    [Fact]
    public void Who_starts_again_takes_the_wall_clock_for_right()
    {
        clocks.Jump(TimeSpan.FromDays(10));

        Assert.Equal(Noon + Duration.FromDays(10), new GuardedClock(clocks).GetCurrentInstant());
    }

    [Fact]
    public void Time_never_goes_back()
    {
        var random = new Random(1);
        var last = Instant.MinValue;
        for (var step = 0; step < 10_000; step++)
        {
            clocks.Go(TimeSpan.FromMilliseconds(random.Next(100)));
            clocks.JumpTo(TimeSpan.FromSeconds((random.NextDouble() * 240) - 120));
            var now = clock.GetCurrentInstant();
            Assert.True(now >= last);
            last = now;
        }
    }

    [Fact]
    public void A_clock_that_runs_a_hundred_times_too_fast_gains_a_minute_at_most()
    {
        for (var step = 0; step < 600; step++)
        {
            clocks.Go(TimeSpan.FromMilliseconds(100));
            clocks.Jump(TimeSpan.FromMilliseconds(9_900));
            var gained = clock.GetCurrentInstant() - Noon - Duration.FromMilliseconds(100 * (step + 1));
            Assert.InRange(gained, Duration.Zero, GuardedClock.ApartMax);
        }

        Assert.True(clock.IsInDoubt);
    }

    [Fact]
    public void What_a_good_clock_is_corrected_by_in_a_year_is_no_jump()
    {
        for (var hour = 0; hour < 365 * 24; hour++)
        {
            clocks.Go(TimeSpan.FromHours(1));
            clocks.Jump(TimeSpan.FromSeconds(2));
            Assert.False(clock.IsInDoubt);
        }

        Assert.Equal(clocks.Wall, clock.GetCurrentInstant());
        Assert.Empty(told);
    }

    /// <summary>A wall clock and a monotonic one that a test moves by hand.</summary>
    private sealed class TwoClocks(Instant start) : TimeProvider
    {
        private TimeSpan gone;
        private TimeSpan ahead;

        public Instant Wall => start + Duration.FromTimeSpan(gone + ahead);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => gone.Ticks;

        public override DateTimeOffset GetUtcNow() => Wall.ToDateTimeOffset();

        public void Go(TimeSpan by) => gone += by;

        public void Jump(TimeSpan by) => ahead += by;

        public void JumpTo(TimeSpan ahead) => this.ahead = ahead;
    }
}
