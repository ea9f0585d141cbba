using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Offers;

/// <summary>When in a week an offer is in force, in its own zone; a moment is judged by what a clock on its wall shows.</summary>
/// <param name="Weekdays">1 Monday to 7 Sunday; default or empty: all.</param>
/// <param name="FromMinute">Of the day, inclusive.</param>
/// <param name="ToMinute">
/// Of the day, exclusive. At most FromMinute: over midnight, and what is after it belongs to the weekday before. Both 0: all day.
/// </param>
public sealed record OfferTimes(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] ImmutableArray<int> Weekdays,
    int FromMinute,
    int ToMinute)
{
    public const int MinutesPerDay = 1440;

    public bool Holds(LocalDateTime local)
    {
        if (FromMinute == 0 && ToMinute == 0) return IsDay(local.DayOfWeek);

        var minute = (local.Hour * 60) + local.Minute;
        if (FromMinute < ToMinute) return minute >= FromMinute && minute < ToMinute && IsDay(local.DayOfWeek);
        if (minute >= FromMinute) return IsDay(local.DayOfWeek);
        return minute < ToMinute && IsDay(local.PlusDays(-1).DayOfWeek);
    }

    private bool IsDay(IsoDayOfWeek day) => Weekdays.IsDefaultOrEmpty || Weekdays.Contains((int)day);
}

/// <summary>A calendar period in which a customer's redemptions are counted.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LimitPeriod>))]
public enum LimitPeriod
{
    None,
    Day,

    /// <summary>From Monday.</summary>
    Week,
    Month,
    Year,
}

public static class LimitPeriods
{
    /// <summary>The first day of the period that the day is in.</summary>
    public static LocalDate StartOf(this LimitPeriod period, LocalDate day) => period switch
    {
        LimitPeriod.Week => day.PlusDays(1 - (int)day.DayOfWeek),
        LimitPeriod.Month => new LocalDate(day.Year, day.Month, 1),
        LimitPeriod.Year => new LocalDate(day.Year, 1, 1),
        _ => day,
    };
}
