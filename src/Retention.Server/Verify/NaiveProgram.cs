using System.Text.Json;
using NodaTime;

namespace Retention.Server.Verify;

/// <summary>A tenant's rules at one point of the journal, and what a sale must bring under them.</summary>
internal sealed class NaiveProgram
{
    private readonly Dictionary<string, string> zoneOfStore = [];
    private string zone = "";
    private long rate = 1000;
    private long unit = 1000;
    private long days = 365;
    private long cap;

    public long Version { get; private set; } = 1;

    public bool AllowsDebt { get; private set; } = true;

    public void See(string type, JsonElement fact)
    {
        switch (type)
        {
            case "TenantCreated":
                zone = fact.Text("timeZone");
                break;
            case "StoreCreated":
                var store = fact.GetProperty("store");
                zoneOfStore[store.Text("storeId")] = store.Text("timeZone");
                break;
            case "ProgramUpdated":
                Read(fact.GetProperty("program"));
                break;
        }
    }

    /// <summary>Whole units' points, rounded down, then cut off at the cap.</summary>
    public long PointsFor(long minorUnits)
    {
        var points = (long)((Int128)minorUnits * rate / 100);
        if (unit > 0) points = points / unit * unit;
        return cap > 0 ? Math.Min(points, cap) : points;
    }

    /// <summary>The start of the day so many days after the day of the sale; null: never.</summary>
    public Instant? ExpiryOf(Instant soldAt, string storeId)
    {
        if (days == 0) return null;
        var storeZone = zoneOfStore.GetValueOrDefault(storeId, "");
        var day = soldAt.InZone(Zone(storeZone.Length > 0 ? storeZone : zone)).Date.PlusDays((int)days);

        // Not the zone's own start of day: the first instant whose date there is the day, found by halving.
        var home = Zone(zone);
        var from = day.AtMidnight().InUtc().ToInstant() - Duration.FromHours(26);
        var to = from + Duration.FromHours(78);
        while (to - from > Duration.Epsilon)
        {
            var middle = from + (to - from) / 2;
            if (middle.InZone(home).Date < day) from = middle;
            else to = middle;
        }

        return to;
    }

    private static DateTimeZone Zone(string id) => DateTimeZoneProviders.Tzdb[id];

    private void Read(JsonElement program)
    {
        Version = program.Long("version");
        rate = program.Long("millipointsPerUnit");
        unit = program.Long("roundToMillipoints");
        days = program.Long("lotDays");
        cap = program.Long("millipointsCapPerPurchase");
        AllowsDebt = program.Flag("returnMayGoNegative");
    }
}
