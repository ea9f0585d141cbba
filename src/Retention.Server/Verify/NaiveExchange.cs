using System.Numerics;

namespace Retention.Server.Verify;

/// <summary>A rate as it was recorded.</summary>
internal readonly record struct NaiveRate(string On, long Units, long CounterUnits, string Source);

/// <summary>What one version of terms says of the two currencies.</summary>
/// <param name="Side">"First" or "Second": whose tenant counts in the counter currency.</param>
internal readonly record struct NaiveFx(string Side, bool FirstRounds, int RateDays)
{
    private const int RateDaysDefault = 4;

    public int Days => RateDays == 0 ? RateDaysDefault : RateDays;
}

/// <summary>One entry, all amounts as the first side sees them.</summary>
/// <param name="Concerned">The entry that it taxes or disputes; 0: none.</param>
internal readonly record struct NaiveConverted(
    long Number,
    string Day,
    string Kind,
    string Leg,
    string Redemption,
    long Version,
    long Net,
    long Later,
    long Counter,
    long CounterLater,
    NaiveRate? Rate,
    long Concerned);

/// <summary>
/// The counter currency of one account, told a second time from what agreement_service.proto says of FxTerms: by exact
/// fractions, without the domain's code. It sees what both brands see, so that either can run it over its feed.
/// </summary>
internal sealed class NaiveExchange
{
    private readonly Dictionary<long, NaiveFx> terms = [];
    private readonly List<NaiveRate> rates = [];
    private readonly Dictionary<string, Item> items = [];
    private readonly Dictionary<long, (Item? Item, NaiveRate? Rate)> entries = [];

    public long Counter { get; private set; }

    public long CounterLater { get; private set; }

    public void Agree(long version, NaiveFx? fx)
    {
        if (fx is { } agreed) terms[version] = agreed;
    }

    public string? Record(NaiveRate rate)
    {
        var isOlder = rates.Count > 0 && string.CompareOrdinal(rates[^1].On, rate.On) >= 0;
        rates.Add(rate);
        return isOlder ? $"the rate of {rate.On} comes after that of {rates[^2].On}" : null;
    }

    /// <summary>What is wrong with the entry.</summary>
    public IEnumerable<string> See(NaiveConverted entry)
    {
        Counter += entry.Counter;
        CounterLater += entry.CounterLater;
        var item = ItemOf(entry);
        entries[entry.Number] = (item, entry.Rate);
        if (!terms.TryGetValue(entry.Version, out var fx))
        {
            return entry.Rate is null && entry.Counter == 0 && entry.CounterLater == 0
                ? []
                : [$"entry {entry.Number} counts in a currency that nobody agreed on"];
        }

        return Faults(entry, item, fx);
    }

    private IEnumerable<string> Faults(NaiveConverted entry, Item? item, NaiveFx fx)
    {
        if (item is { IsNew: true, IsCredit: true })
        {
            item.Begin(entry);
            if (Holding(entry.Day, fx.Days) != entry.Rate) yield return $"entry {entry.Number} takes another rate than that of {entry.Day}";
            if (!IsConverted(entry, item, fx)) yield return $"entry {entry.Number} is {item.Whole} and {item.WholeCounter} at {entry.Rate}";
        }

        if (entry.Rate != RateOf(entry)) yield return $"entry {entry.Number} is converted at {entry.Rate}, its rate is {RateOf(entry)}";
        if (item is null) yield break;

        item.Move(entry);
        if (entry.Rate is not { } rate) yield break;
        if (item.IsCredit)
        {
            var (net, later) = (item.Share(item.Net), item.Share(item.Later));
            var isGone = item is { Whole: 0, Counter: 0, CounterLater: 0 };
            if ((item.Counter, item.CounterLater) != (net, later) && !isGone && item.Whole != 0)
            {
                yield return $"entry {entry.Number} leaves {item.Counter} and {item.CounterLater} in the counter currency, the share is {net} and {later}";
            }
        }
        else if (item.Counter != Converted(item.Net, rate.CounterUnits, rate.Units, fx))
        {
            yield return $"entry {entry.Number} leaves {item.Counter} in the counter currency for {item.Net}";
        }
    }

    // The till's currency is the redeeming brand's: what is in it is the share, and the other amount follows.
    private static bool IsConverted(NaiveConverted entry, Item item, NaiveFx fx)
    {
        if (entry.Rate is not { } rate) return false;
        var redeemer = entry.Leg == "1" ? "Second" : "First";
        return redeemer == fx.Side
            ? item.Whole == Converted(item.WholeCounter, rate.Units, rate.CounterUnits, fx)
            : item.WholeCounter == Converted(item.Whole, rate.CounterUnits, rate.Units, fx);
    }

    // Positive is the first side's credit; who rounds gets less or pays more.
    private static long Converted(long amount, long by, long parts, NaiveFx fx)
    {
        var whole = BigInteger.DivRem(BigInteger.Abs(amount) * by, parts, out var rest);
        if (rest > 0 && fx.FirstRounds != amount > 0) whole += 1;
        return (long)whole * Math.Sign(amount);
    }

    private NaiveRate? Last(string day) => rates.Where(rate => string.CompareOrdinal(rate.On, day) <= 0)
        .Select(rate => (NaiveRate?)rate).LastOrDefault();

    private NaiveRate? Holding(string day, int days) =>
        Last(day) is { } last && DateOnly.Parse(last.On, null).AddDays(days) >= DateOnly.Parse(day, null) ? last : null;

    private NaiveRate? RateOf(NaiveConverted entry)
    {
        if (entry.Redemption.Length > 0) return items.GetValueOrDefault("credit of " + entry.Redemption)?.Rate;
        return entry.Concerned > 0 ? entries.GetValueOrDefault(entry.Concerned).Rate : Last(entry.Day);
    }

    private Item? ItemOf(NaiveConverted entry)
    {
        var name = entry.Kind switch
        {
            "DISPUTED" => "",
            "TAX" => "tax on " + entries.GetValueOrDefault(entry.Concerned).Item?.Name,
            "FEE" or "FEE_REVERSED" when entry.Redemption.Length > 0 => "fee of " + entry.Redemption,
            "DISPUTE_RESOLVED" when entry.Redemption.Length == 0 => $"entry {entry.Concerned}",
            "FEE" or "SETTLED" => $"entry {entry.Number}",
            _ => "credit of " + entry.Redemption,
        };
        if (name.Length == 0) return null;
        if (!items.TryGetValue(name, out var item)) items[name] = item = new Item(name);
        return item;
    }

    /// <summary>Something that is owed and may be taken back in parts.</summary>
    private sealed class Item(string name)
    {
        public string Name => name;

        public bool IsCredit { get; } = name.StartsWith("credit of ", StringComparison.Ordinal);

        public bool IsNew { get; private set; } = true;

        public NaiveRate? Rate { get; private set; }

        /// <summary>All that the redemption came to.</summary>
        public long Whole { get; private set; }

        public long WholeCounter { get; private set; }

        public long Net { get; private set; }

        public long Later { get; private set; }

        public long Counter { get; private set; }

        public long CounterLater { get; private set; }

        public void Begin(NaiveConverted entry) => (IsNew, Rate, Whole, WholeCounter) =
            (false, entry.Rate, entry.Net + entry.Later, entry.Counter + entry.CounterLater);

        public void Move(NaiveConverted entry) => (Net, Later, Counter, CounterLater) =
            (Net + entry.Net, Later + entry.Later, Counter + entry.Counter, CounterLater + entry.CounterLater);

        /// <summary>Rounded down, whichever side it is for.</summary>
        public long Share(long standing) => Whole == 0 ? 0 : (long)((BigInteger)WholeCounter * standing / Whole);
    }
}
