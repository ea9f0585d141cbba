using NodaTime;

namespace Retention.Storage.Postgres;

/// <summary>Moments as two numbers: PostgreSQL's own type ends at the microsecond.</summary>
internal static class Moments
{
    /// <summary>Whole seconds since 1970, rounded down, and the nanoseconds after them.</summary>
    public static (long Seconds, long Nanoseconds) Split(Instant moment)
    {
        var (seconds, nanoseconds) = moment.ToUnixTimeSecondsAndNanoseconds();
        return (seconds, nanoseconds);
    }

    public static Instant Join(long seconds, long nanoseconds) =>
        Instant.FromUnixTimeSeconds(seconds).PlusNanoseconds(nanoseconds);
}
