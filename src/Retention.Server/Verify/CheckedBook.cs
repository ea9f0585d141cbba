using System.Text.Json;
using NodaTime;
using NodaTime.Text;

namespace Retention.Server.Verify;

/// <summary>One agreement's account as a party's feed tells it.</summary>
public sealed class CheckedBook(string agreementId)
{
    private readonly List<string> faults = [];
    private readonly CheckedCoupons coupons = new();
    private readonly NaiveExchange exchange = new();
    private NaiveStatements? statements;
    private (string Tenant, string Brand) first = ("", "");
    private (string Tenant, string Brand) second = ("", "");
    private DateTimeZone? zone;
    private string lastDay = "";
    private long number;
    private long lastPosition;

    public string AgreementId => agreementId;

    public string Currency { get; private set; } = "";

    public string FirstBrand => first.Brand;

    /// <summary>Each month up to the last event's, as the first brand sees it.</summary>
    internal IReadOnlyList<NaiveMonth> Months
    {
        get
        {
            if (statements is not null && lastDay.Length > 0) statements.Of(lastDay[..7]);
            return statements?.Months ?? [];
        }
    }

    /// <summary>E.g. "2017-05", from the account's first to that of the last event.</summary>
    public IEnumerable<string> MonthNames => Months.Select(month => month.Name);

    public string HashOf(string month) => statements?.Of(month).Hash(agreementId, Currency) ?? "";

    /// <summary>What is wrong with the event itself.</summary>
    public IReadOnlyList<string> See(FeedJson entry)
    {
        faults.Clear();
        if (entry.Long("position") < lastPosition) faults.Add($"comes after position {lastPosition}");
        lastPosition = entry.Long("position");
        if (entry.Text("kind") is "agreement-proposed" or "agreement-amended") SeeTerms(entry.Text("json"));
        if (entry.Text("kind") == "agreement-proposed") SeeProposal(entry.Text("json"));
        if (entry.Part("clearing") is { } clearing) SeeEvent(entry.Text("kind"), clearing);
        return faults;
    }

    /// <summary>Whether a statement may be one of this agreement.</summary>
    public bool Knows(FeedJson statement) => SideOf(statement) != 0;

    public IEnumerable<string> Compare(string name, FeedJson shown)
    {
        var period = shown.Text("period");
        if (!LocalDatePattern.Iso.Parse(period + "-01").Success) return [$"{name}: {period} is no month"];
        if (statements is null || string.CompareOrdinal(period, Months[0].Name) < 0)
        {
            return [$"{name}: the feed has nothing of {period}"];
        }

        var month = statements.Of(period);
        var side = SideOf(shown);
        var sign = side == 1 ? 1 : -1;
        var until = shown.Flag("isClosed") ? "9999-12-31" : AsOf(shown);
        var (issued, expired) = (coupons.Issued(side, period), coupons.Expired(side, period, until));
        var differences = new List<string>();
        Amount("opening", month.Opening);
        Amount("redeemed", month.Redeemed);
        Amount("reversed", month.Reversed);
        Amount("fees", month.Fees);
        Amount("tax", month.Tax);
        Amount("paid", month.Paid);
        Amount("net", month.Net);
        Amount("closing", month.Closing);
        Amount("taxIncluded", month.TaxIncluded);
        Number("issued", issued.MinorUnits, shown.Amount("issued"));
        Number("expired", expired.MinorUnits, shown.Amount("expired"));
        Number("issuedCount", issued.Count, shown.Long("issuedCount"));
        Number("expiredCount", expired.Count, shown.Long("expiredCount"));
        Number("lineCount", month.Lines, shown.Long("lineCount"));
        Text("byEntity", month.EntitiesText(), EntitiesOf(shown, sign));
        Text("previousHash", month.PreviousHash, shown.Text("previousHash"));
        Text("linesHash", month.LinesHash, shown.Text("linesHash"));
        Text("statementHash", HashOf(period), shown.Text("statementHash"));
        return differences;

        void Amount(string field, long firstSees) => Number(field, sign * firstSees, shown.Amount(field));

        void Number(string field, long counted, long told)
        {
            if (counted != told) differences.Add($"{name}: {period} {field}: the feed gives {counted}, the statement says {told}");
        }

        void Text(string field, string counted, string told)
        {
            if (counted != told) differences.Add($"{name}: {period} {field}: the feed gives {counted}, the statement says {told}");
        }
    }

    // As the first side sees them, in the form that the statement's hash is made over.
    private string EntitiesOf(FeedJson statement, int sign) => string.Join(';', statement.List("byEntity").Select(entity =>
    {
        var party = entity.Part("redeeming");
        var side = (party?.Text("tenantId"), party?.Text("brandId")) == first ? "1" : "2";
        var (redeemed, reversed) = (sign * entity.Amount("redeemed"), sign * entity.Amount("reversed"));
        return $"{side},{NaiveLine.Escape(entity.Text("entityId"))},{NaiveLine.Text(redeemed)},{NaiveLine.Text(reversed)}";
    }));

    private void SeeTerms(string json)
    {
        if (json.Length == 0) return;
        using var parsed = JsonDocument.Parse(json);
        var told = new FeedJson(parsed.RootElement);
        exchange.Agree(told.Long("termsVersion"), told.Part("terms")?.Part("fx") is { } fx
            ? new NaiveFx(fx.Text("side"), fx.Flag("firstRounds"), (int)fx.Long("rateDays"))
            : null);
    }

    private void SeeProposal(string json)
    {
        if (json.Length == 0) return;
        using var parsed = JsonDocument.Parse(json);
        var proposal = new FeedJson(parsed.RootElement);
        if (proposal.Part("issuing") is { } issuing) first = (issuing.Text("tenantId"), issuing.Text("brandId"));
        if (proposal.Part("redeeming") is { } redeeming) second = (redeeming.Text("tenantId"), redeeming.Text("brandId"));
        zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(proposal.Part("terms")?.Text("timeZone") ?? "");
    }

    private void SeeEvent(string kind, FeedJson told)
    {
        var day = told.Text("day");
        if (!LocalDatePattern.Iso.Parse(day).Success)
        {
            faults.Add($"has no day, told is {day}");
            return;
        }

        if (kind == "account-opened" && statements is null)
        {
            Currency = told.Text("currencyCode");
            statements = new NaiveStatements(agreementId, Currency, day[..7]);
        }

        if (string.CompareOrdinal(day, lastDay) < 0) faults.Add($"happens on {day}, after {lastDay}");
        lastDay = day;
        CheckDay(told.Text("eventTime"), day);
        coupons.See(told);
        if (told.Part("rate") is { } rate && exchange.Record(RateOf(rate)) is { } fault) faults.Add(fault);
        if (told.Part("entry") is { } entry) SeeEntry(entry, day);
    }

    private void SeeEntry(FeedJson entry, string day)
    {
        if (statements is null)
        {
            faults.Add("the account was not opened before; the feed has to begin at position 0");
            return;
        }

        var postings = entry.List("postings");
        if (postings.Count != 2)
        {
            faults.Add($"entry {entry.Long("number")} has {postings.Count} postings");
            return;
        }

        var line = new NaiveLine(
            entry.Long("number"),
            Time(entry.Text("entryTime")),
            day,
            entry.Text("kind").Replace("CLEARING_KIND_", "", StringComparison.Ordinal),
            entry.Text("legId"),
            entry.Text("couponId"),
            entry.Text("redemptionId"),
            entry.Long("termsVersion"),
            Currency,
            postings[0].Amount("amount"),
            postings[1].Amount("amount"),
            entry.Text("entityId"),
            [.. entry.List("details").Select(detail => KeyValuePair.Create(detail.Text("name"), detail.Text("value")))]);
        if (first.Brand.Length == 0) first = (postings[0].Text("tenantId"), postings[0].Text("brand"));
        if (second.Brand.Length == 0) second = (postings[1].Text("tenantId"), postings[1].Text("brand"));
        if (line.Number != ++number) faults.Add($"entry {line.Number} follows entry {number - 1}");
        number = line.Number;
        if (line.FirstCredit + line.SecondCredit != 0) faults.Add($"entry {line.Number} posts {line.FirstCredit} and {line.SecondCredit}");
        if (entry.Text("day") != day) faults.Add($"entry {line.Number} is of {entry.Text("day")}, its event of {day}");
        SeeOtherBooks(line, entry);
        if (line.ToString() != entry.Text("line")) faults.Add($"entry {line.Number} gives the line {line}, told is {entry.Text("line")}");
        statements.Add(line);
    }

    private void SeeOtherBooks(NaiveLine line, FeedJson entry)
    {
        var details = line.Details.ToDictionary(detail => detail.Key, detail => detail.Value);
        var (later, counter, counterLater) = (entry.List("provisional"), entry.List("counter"), entry.List("counterProvisional"));
        foreach (var (postings, name) in (IEnumerable<(IReadOnlyList<FeedJson>, string)>)
            [(later, "provisional"), (counter, "counter"), (counterLater, "counter_provisional")])
        {
            if (postings.Sum(posting => posting.Amount("amount")) != 0) faults.Add($"entry {line.Number} posts {name} amounts that do not sum to zero");
            var told = details.GetValueOrDefault(name) ?? "0";
            if (told != NaiveLine.Text(First(postings))) faults.Add($"entry {line.Number} posts {First(postings)} and says {name}={told}");
        }

        NaiveRate? rate = entry.Part("rate") is { } part ? RateOf(part) : null;
        var ratio = rate is { } held ? $"{held.Units}:{held.CounterUnits} of {held.On} by {held.Source}" : "";
        var said = details.TryGetValue("rate", out var text) ? $"{text} of {details.GetValueOrDefault("rate_date")} by {details.GetValueOrDefault("rate_source")}" : "";
        if (ratio != said) faults.Add($"entry {line.Number} has the rate {ratio} and says {said}");
        faults.AddRange(exchange.See(new NaiveConverted(
            line.Number,
            line.Day,
            line.Kind,
            line.LegId,
            line.Redemption,
            line.TermsVersion,
            line.FirstCredit,
            First(later),
            First(counter),
            First(counterLater),
            rate,
            long.Parse(details.GetValueOrDefault("taxed_entry") ?? details.GetValueOrDefault("entry") ?? "0", System.Globalization.CultureInfo.InvariantCulture))));

        static long First(IReadOnlyList<FeedJson> postings) => postings.Count == 0 ? 0 : postings[0].Amount("amount");
    }

    private static NaiveRate RateOf(FeedJson rate) =>
        new(rate.Text("rateDate"), rate.Long("units"), rate.Long("counterUnits"), rate.Text("source"));

    // Fraction digits that are zero are not part of the form.
    private static string Time(string time) => time.Contains('.', StringComparison.Ordinal)
        ? time.TrimEnd('Z').TrimEnd('0').TrimEnd('.') + "Z"
        : time;

    private void CheckDay(string time, string day)
    {
        if (zone is null || !InstantPattern.ExtendedIso.Parse(time).TryGetValue(default, out var at)) return;
        var local = LocalDatePattern.Iso.Format(at.InZone(zone).Date);
        if (local != day) faults.Add($"{time} is {local} in {zone.Id}, told is {day}");
    }

    private string AsOf(FeedJson shown) =>
        zone is not null && InstantPattern.ExtendedIso.Parse(shown.Text("asOfTime")).TryGetValue(default, out var at)
            ? LocalDatePattern.Iso.Format(at.InZone(zone).Date)
            : lastDay;

    private int SideOf(FeedJson statement)
    {
        var (tenant, brand) = (statement.Text("tenantId"), statement.Text("brand"));
        if (Is(first)) return 1;
        return Is(second) ? 2 : 0;

        bool Is((string Tenant, string Brand) side) =>
            brand.Length > 0 && side.Brand == brand && (tenant.Length == 0 || side.Tenant == tenant);
    }
}
