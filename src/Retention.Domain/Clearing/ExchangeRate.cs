using NodaTime;

namespace Retention.Domain.Clearing;

/// <summary>
/// What one currency was worth in another on a day, as an exact ratio of integers: so many minor units of the account's
/// currency are so many minor units of the counter currency.
/// </summary>
/// <param name="On">The day from which it holds, in the agreement's zone.</param>
/// <param name="Units">Of the account's currency, 1 to <see cref="UnitsMax"/>.</param>
/// <param name="CounterUnits">Of the counter currency, likewise.</param>
/// <param name="Source">Where it was taken from, as the terms name it.</param>
public sealed record ExchangeRate(LocalDate On, long Units, long CounterUnits, string Source)
{
    /// <summary>With amounts of <see cref="FxTerms.AmountMax"/> no conversion overflows.</summary>
    public const long UnitsMax = 1_000_000_000;

    /// <summary>Of the account's currency into the counter one; a rest is rounded away from zero, or towards it.</summary>
    public long ToCounter(long minorUnits, bool up) => Times(minorUnits, CounterUnits, Units, up);

    /// <summary>The other way round.</summary>
    public long ToAccount(long counterMinorUnits, bool up) => Times(counterMinorUnits, Units, CounterUnits, up);

    private static long Times(long minorUnits, long by, long parts, bool up)
    {
        var (whole, rest) = Int128.DivRem((Int128)minorUnits * by, parts);
        return checked((long)(up && rest != 0 ? whole + Int128.Sign(rest) : whole));
    }
}
