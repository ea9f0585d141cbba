using NodaTime;
using Retention.Domain.Tenants;

namespace Retention.Domain.Customers;

/// <summary>What one purchase accrues under the program's rule.</summary>
/// <param name="Millipoints">Rounded down, then capped.</param>
/// <param name="CapTook">What the cap took away.</param>
/// <param name="ExpiresAt">The lot is dead from this moment on; null: never.</param>
public readonly record struct Accrual(long Millipoints, long CapTook, int RuleVersion, Instant? ExpiresAt)
{
    /// <summary>The most that one purchase may accrue; more is an argument out of range.</summary>
    public const long MillipointsMax = 1_000_000_000_000_000;

    /// <summary>Null when the amount is beyond what can be counted.</summary>
    public static Accrual? Of(Program program, long minorUnits, LocalDate day, DateTimeZone tenantZone)
    {
        var exact = (Int128)minorUnits * program.MillipointsPerUnit / 100;
        if (exact > MillipointsMax) return null;

        var rounded = Floor((long)exact, program.RoundToMillipoints);
        var cap = program.MillipointsCapPerPurchase;
        var capped = cap > 0 && rounded > cap ? cap : rounded;
        return new Accrual(capped, rounded - capped, program.Version, Expiry(program, day, tenantZone));
    }

    /// <summary>The day of a purchase: the date at the store when it was bought.</summary>
    public static LocalDate DayOf(Instant purchasedAt, TenantState tenant, string? storeId)
    {
        var zone = storeId is not null && tenant.Stores.TryGetValue(storeId, out var store) && store.TimeZone.Length > 0
            ? store.TimeZone
            : tenant.TimeZone;
        return purchasedAt.InZone(DateTimeZoneProviders.Tzdb[zone]).Date;
    }

    // The start of a day is its first instant that exists: a day on which clocks skip midnight starts later.
    private static Instant? Expiry(Program program, LocalDate day, DateTimeZone zone) => program.LotDays == 0
        ? null
        : zone.AtStartOfDay(day.PlusDays(program.LotDays)).ToInstant();

    private static long Floor(long millipoints, long unit) =>
        unit <= 1 ? millipoints : millipoints - (millipoints % unit);
}
