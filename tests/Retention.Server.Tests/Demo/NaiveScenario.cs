using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;

namespace Retention.Server.Tests.Demo;

/// <summary>What one pair of brands comes to.</summary>
public sealed record NaivePair(
    string Issuer, string Redeemer, int Issued, int Consumed, int Expired, int Open, int Voided, long NetMinorUnits);

/// <summary>
/// Plays a scenario over a Complete Journey folder with loops over lists: no grain, no event, no effect, and no code
/// of the product, not even its CSV reader. What the demo reports must be this.
/// </summary>
public sealed class NaiveScenario
{
    /// <summary>Folders are read once for all scenarios.</summary>
    private static readonly ConcurrentDictionary<string, List<Redemption>> Redemptions = [];

    private readonly string[] brands = ["69", "194", "955", "317", "764", "1046"];
    private readonly int daysValid = 30;
    private readonly int maxOpen = 1;
    private readonly int? maxMonth;
    private readonly long coupon = 199;
    private readonly long shareBps = 3333;
    private readonly int? everyNth;
    private readonly int returnAfter = 5;
    private readonly DateTime asOf = new(2017, 12, 31);
    private readonly List<Coupon> coupons = [];
    private readonly List<Bought> purchases = [];

    private NaiveScenario(string scenarioJson)
    {
        using var document = JsonDocument.Parse(scenarioJson);
        foreach (var (key, value) in document.RootElement.EnumerateObject().Select(p => (p.Name, p.Value)))
        {
            if (value.ValueKind == JsonValueKind.Null) continue;
            switch (key)
            {
                case "brands": brands = [.. value.EnumerateArray().Select(brand => brand.GetString()!)]; break;
                case "days_valid": daysValid = value.GetInt32(); break;
                case "max_open_per_customer": maxOpen = value.GetInt32(); break;
                case "max_issued_per_customer_month": maxMonth = value.GetInt32(); break;
                case "coupon_minor_units": coupon = value.GetInt64(); break;
                case "issuer_share_bps": shareBps = value.GetInt64(); break;
                case "return_every_nth_event": everyNth = value.GetInt32(); break;
                case "return_after_days": returnAfter = value.GetInt32(); break;
                case "as_of": asOf = Date(value.GetString()!); break;
            }
        }
    }

    public int ClawedBack => coupons.Count(c => c.IsClawedBack);

    public static NaiveScenario Play(string folder, string scenarioJson = "{}")
    {
        var scenario = new NaiveScenario(scenarioJson);
        var events = scenario.EventsOf(folder);
        var lastDay = scenario.asOf;
        for (var day = events.Count == 0 ? lastDay : events[0].Day; day <= lastDay; day = day.AddDays(1))
        {
            scenario.PlayDay(day, [.. events.Where(e => e.Day == day)]);
        }

        foreach (var c in scenario.coupons)
        {
            if (c.State == "open" && lastDay > c.LastDay) c.State = "expired";
        }

        return scenario;
    }

    public IReadOnlyList<NaivePair> Pairs()
    {
        var pairs = new List<NaivePair>();
        foreach (var issuer in brands)
        {
            foreach (var redeemer in brands.Where(b => b != issuer))
            {
                var mine = coupons.Where(c => c.Issuer == issuer && c.Redeemer == redeemer).ToList();
                int In(string state) => mine.Count(c => c.State == state);
                pairs.Add(new NaivePair(
                    issuer, redeemer, mine.Count, In("consumed"), In("expired"), In("open"), In("voided"),
                    Owed(redeemer, issuer) - Owed(issuer, redeemer)));
            }
        }

        return pairs;
    }

    /// <summary>What the issuer owes the redeemer for coupons used and not clawed back.</summary>
    private long Owed(string issuer, string redeemer)
    {
        long owed = 0;
        foreach (var c in coupons)
        {
            if (c.Issuer == issuer && c.Redeemer == redeemer && c.State == "consumed" && !c.IsClawedBack)
            {
                owed += coupon * shareBps / 10_000;
            }
        }

        return owed;
    }

    private void PlayDay(DateTime day, List<Event> today)
    {
        if (returnAfter > 0) ReturnWhatIsDue(day);
        foreach (var e in today)
        {
            foreach (var c in coupons)
            {
                if (c.Household != e.Household || c.Redeemer != e.Brand) continue;
                if (c.State != "open" || c.IssuedOn >= day) continue;
                c.State = day <= c.LastDay ? "consumed" : "expired";
            }
        }

        foreach (var e in today)
        {
            purchases.Add(new Bought(day));
            foreach (var other in brands.Where(b => b != e.Brand)) Issue(e, other, day);
        }

        if (returnAfter == 0) ReturnWhatIsDue(day);
    }

    private void ReturnWhatIsDue(DateTime day)
    {
        if (everyNth is not { } n) return;
        for (var index = n - 1; index < purchases.Count; index += n)
        {
            if (purchases[index].Day.AddDays(returnAfter) == day) Return(index, day);
        }
    }

    private void Issue(Event e, string redeemer, DateTime day)
    {
        var open = 0;
        var thisMonth = 0;
        foreach (var c in coupons)
        {
            if (c.Household != e.Household || c.Issuer != e.Brand || c.Redeemer != redeemer) continue;
            if (c.State == "open" && day > c.LastDay) c.State = "expired";
            if (c.State == "open") open++;
            if (c.IssuedOn.Year == day.Year && c.IssuedOn.Month == day.Month) thisMonth++;
        }

        if (open >= maxOpen || thisMonth >= (maxMonth ?? int.MaxValue)) return;
        coupons.Add(new Coupon
        {
            Household = e.Household,
            Issuer = e.Brand,
            Redeemer = redeemer,
            IssuedOn = day,
            LastDay = day.AddDays(daysValid),
            Purchase = purchases.Count - 1,
        });
    }

    private void Return(int purchase, DateTime day)
    {
        foreach (var c in coupons.Where(c => c.Purchase == purchase))
        {
            if (c.State == "open") c.State = day > c.LastDay ? "expired" : "voided";
            if (c.State == "consumed") c.IsClawedBack = true;
        }
    }

    private List<Event> EventsOf(string folder)
    {
        var events = Redemptions.GetOrAdd(folder, RedemptionsOf)
            .Where(redemption => redemption.Makers.Count == 1 && brands.Contains(redemption.Makers.Single()))
            .Select(redemption => new Event(redemption.Day, redemption.Household, redemption.Makers.Single()))
            .ToHashSet();
        return [.. events.OrderBy(e => e.Day).ThenBy(e => e.Household).ThenBy(e => Array.IndexOf(brands, e.Brand))];
    }

    private static List<Redemption> RedemptionsOf(string folder)
    {
        var maker = new Dictionary<string, string>();
        foreach (var row in Table(folder, "products")) maker[row["product_id"]] = row["manufacturer_id"];

        var makersOfCoupon = new Dictionary<string, HashSet<string>>();
        foreach (var row in Table(folder, "coupons"))
        {
            if (!makersOfCoupon.TryGetValue(row["coupon_upc"], out var makers))
            {
                makersOfCoupon[row["coupon_upc"]] = makers = [];
            }

            makers.Add(maker.TryGetValue(row["product_id"], out var known) ? known : "?");
        }

        return
        [
            .. Table(folder, "coupon_redemptions").Select(row => new Redemption(
                Date(row["redemption_date"]),
                long.Parse(row["household_id"]),
                makersOfCoupon.GetValueOrDefault(row["coupon_upc"], []))),
        ];
    }

    private static IEnumerable<Dictionary<string, string>> Table(string folder, string name)
    {
        var plain = Path.Combine(folder, name + ".csv");
        using Stream file = File.Exists(plain)
            ? File.OpenRead(plain)
            : new GZipStream(File.OpenRead(plain + ".gz"), CompressionMode.Decompress);
        using var text = new StreamReader(file);
        var header = text.ReadLine()!.Split(',');
        while (text.ReadLine() is { } line)
        {
            // Products hold quoted commas, but only behind the columns that are read here.
            var fields = line.Split(',');
            yield return header.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second);
        }
    }

    private static DateTime Date(string text) =>
        DateTime.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private sealed record Redemption(DateTime Day, long Household, HashSet<string> Makers);

    private sealed record Event(DateTime Day, long Household, string Brand);

    private sealed record Bought(DateTime Day);

    private sealed class Coupon
    {
        public required long Household { get; init; }

        public required string Issuer { get; init; }

        public required string Redeemer { get; init; }

        public required DateTime IssuedOn { get; init; }

        public required DateTime LastDay { get; init; }

        public required int Purchase { get; init; }

        public string State { get; set; } = "open";

        public bool IsClawedBack { get; set; }
    }
}
