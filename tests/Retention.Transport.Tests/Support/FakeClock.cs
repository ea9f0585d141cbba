namespace Retention.Transport.Tests.Support;

/// <summary>Time that only the test moves. Timers do not run on it.</summary>
internal sealed class FakeClock : TimeProvider
{
    private long _now = TimeSpan.TicksPerDay;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public void Advance(TimeSpan time) => _now += time.Ticks;
}
