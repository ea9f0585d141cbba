using NodaTime;

namespace Retention.Domain.Clearing;

/// <summary>
/// One calendar month of an account. Money is seen from the first side: positive is owed to it; the second side
/// sees the same with the other sign. Issued and expired are memo lines, by leg.
/// </summary>
/// <param name="StartsOn">The first day of the month.</param>
/// <param name="PreviousHash">Of the lines before the period; 64 zeros before the first line.</param>
/// <param name="LinesHash">Of the lines up to the end of the period.</param>
public sealed record PeriodTotals(
    LocalDate StartsOn,
    long Opening,
    long Redeemed,
    long Reversed,
    Memo FirstIssued,
    Memo FirstExpired,
    Memo SecondIssued,
    Memo SecondExpired,
    long Lines,
    string PreviousHash,
    string LinesHash)
{
    public long Closing => Opening + Redeemed - Reversed;

    public static PeriodTotals Begin(LocalDate startsOn, long opening, string hash) =>
        new(startsOn, opening, 0, 0, default, default, default, default, 0, hash, hash);
}

/// <summary>A count of coupons and what they were issued for.</summary>
public readonly record struct Memo(long Count, long MinorUnits)
{
    public static Memo operator +(Memo left, Memo right) =>
        new(left.Count + right.Count, left.MinorUnits + right.MinorUnits);
}
