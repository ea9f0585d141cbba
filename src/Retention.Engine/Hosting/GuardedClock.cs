using NodaTime;

namespace Retention.Engine.Hosting;

/// <summary>
/// The node's time: that of the wall clock while it goes as the monotonic one does. When they part, time goes on as the
/// monotonic clock says from where both agreed, and whoever starts work that nobody asked for leaves it, until they agree
/// again or a new start takes the wall clock for right. It never goes back. See decision record 114.
/// </summary>
public sealed class GuardedClock : IClock
{
    /// <summary>The clocks agree when they are no further apart than this.</summary>
    public static readonly Duration ApartMax = Duration.FromMinutes(1);

    /// <summary>After so long they are compared anew: what a good clock is corrected by in months is no jump.</summary>
    public static readonly TimeSpan ComparedFor = TimeSpan.FromHours(1);

    private readonly TimeProvider time;
    private readonly Action<bool, Duration> changed;
    private volatile Agreement agreed;
    private long last = long.MinValue;
    private int isApart;

    /// <param name="changed">Told when the clocks part and when they agree again, with what the wall clock is ahead; must return at once.</param>
    public GuardedClock(TimeProvider time, Action<bool, Duration>? changed = null)
    {
        this.time = time;
        this.changed = changed ?? (static (_, _) => { });
        agreed = new Agreement(Wall(), time.GetTimestamp());
    }

    /// <summary>True while the wall clock is not to be believed.</summary>
    public bool IsInDoubt => Read().IsApart;

    /// <summary>What the wall clock is ahead of where the monotonic one puts it.</summary>
    public Duration Ahead => Read().Ahead;

    public Instant GetCurrentInstant()
    {
        var read = Read();
        var now = (read.IsApart ? read.Wall - read.Ahead : read.Wall).ToUnixTimeTicks();
        var before = Volatile.Read(ref last);
        while (before < now)
        {
            var found = Interlocked.CompareExchange(ref last, now, before);
            if (found == before) return Instant.FromUnixTimeTicks(now);
            before = found;
        }

        return Instant.FromUnixTimeTicks(before);
    }

    private Reading Read()
    {
        var from = agreed;
        var stamp = time.GetTimestamp();
        var wall = Wall();
        var gone = time.GetElapsedTime(from.Stamp, stamp);
        var reading = new Reading(wall, wall - from.Wall - Duration.FromTimeSpan(gone));
        if (!reading.IsApart && gone >= ComparedFor) agreed = new Agreement(wall, stamp);
        var now = reading.IsApart ? 1 : 0;
        if (Volatile.Read(ref isApart) != now && Interlocked.Exchange(ref isApart, now) != now) changed(reading.IsApart, reading.Ahead);
        return reading;
    }

    private Instant Wall() => Instant.FromDateTimeOffset(time.GetUtcNow());

    /// <summary>A moment at which both clocks were read and believed.</summary>
    private sealed record Agreement(Instant Wall, long Stamp);

    private readonly record struct Reading(Instant Wall, Duration Ahead)
    {
        public bool IsApart => Ahead > ApartMax || Ahead < -ApartMax;
    }
}
