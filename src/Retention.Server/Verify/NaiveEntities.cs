using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// The accounts between a tenant's companies, told a second time: each entry's credits sum to zero, is numbered without a
/// gap and takes back no more than its redemption cleared; nets, months and hashes are those of the entries; and
/// a redemption of points clears for each company what its lots were worth.
/// </summary>
public sealed class NaiveEntities : INaiveLaw
{
    private readonly Dictionary<GrainId, Book> books = [];
    private readonly Dictionary<PartitionId, Tenant> tenants = [];
    private readonly List<Difference> differences = [];

    public string Name => "companies";

    public bool Concerns(string grainKind) => grainKind is "entity-account" or "tenant" or "customer";

    public void See(NaiveFact fact)
    {
        var tenant = Of(fact.Grain.Partition);
        switch (fact.Type)
        {
            case "StoreCreated" when fact.Json.Part("store") is { } store:
                tenant.Companies[store.Text("storeId")] = store.Text("entityId");
                break;
            case "ProgramUpdated" when fact.Json.Part("program") is { } program:
                tenant.PointValue = program.Long("pointValueMinorUnits");
                break;
            case "redeemed" or "hold-captured":
                SeePoints(fact, tenant);
                break;
            case "entity-cleared" or "entity-reversed":
                SeeEntry(fact, tenant);
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind != "entity-account") yield break;
        var book = books.GetValueOrDefault(grain) ?? new Book();
        if (state.Long("first_net") != book.First || state.Long("second_net") != -book.First || state.Long("lines") != book.Lines)
        {
            yield return new Difference(grain, Name, $"shows {state.Long("first_net")}, its entries give {book.First}");
        }

        foreach (var shown in state.List("closed").Append(state.Part("period") ?? default))
        {
            if (shown.ValueKind != JsonValueKind.Object || book.Statements is null) continue;
            var name = shown.Text("starts_on")[..7];
            if (string.CompareOrdinal(name, book.Statements.Months[0].Name) < 0)
            {
                yield return new Difference(grain, Name, $"{name} is before the first entry");
                continue;
            }

            var month = book.Statements.Of(name);
            if (shown.Text("lines_hash") != month.LinesHash || shown.Text("previous_hash") != month.PreviousHash
                || shown.Long("opening") != month.Opening || shown.Long("redeemed") != month.Redeemed
                || shown.Long("reversed") != month.Reversed || shown.Long("lines") != month.Lines)
            {
                yield return new Difference(grain, Name, $"{month.Name} is not what its entries give");
            }
        }
    }

    public IEnumerable<Difference> Finish() => differences.Concat(tenants.Values
        .SelectMany(tenant => tenant.Owed)
        .Where(owed => owed.Value != 0)
        .Select(owed => new Difference($"redemption {owed.Key.Redemption}", Name, $"{owed.Value} of {owed.Key.Funder} not cleared as its points say")));

    // What each company's points are worth at another company's store; the entries of the same commit take it off.
    private static void SeePoints(NaiveFact fact, Tenant tenant)
    {
        if (tenant.PointValue == 0) return;
        var redeemer = tenant.Companies.GetValueOrDefault(fact.Json.Part("o")?.Text("st") ?? "") ?? "";
        foreach (var slices in fact.Json.List("sl").GroupBy(slice => slice.Text("e")))
        {
            var worth = slices.Sum(slice => slice.Long("m")) * tenant.PointValue / 1_000_000;
            if (slices.Key != redeemer && worth != 0) tenant.Owe(fact.Json.Text("id"), slices.Key, worth);
        }
    }

    private void SeeEntry(NaiveFact fact, Tenant tenant)
    {
        if (!books.TryGetValue(fact.Grain, out var book)) books[fact.Grain] = book = new Book();
        var json = fact.Json;
        var (first, second) = (json.Long("first_minor_units"), json.Long("second_minor_units"));
        var isReversal = fact.Type == "entity-reversed";
        if (first + second != 0) Tell(fact.Grain, $"entry {json.Long("number")} posts {first} and {second}");
        if (json.Long("number") != ++book.Lines) Tell(fact.Grain, $"entry {json.Long("number")} follows {book.Lines - 1}");
        book.First += first;

        var left = book.Standing.GetValueOrDefault(json.Text("redemption")) + first;
        var cleared = isReversal ? left - first : 0;
        if (isReversal && (Math.Sign(left) == -Math.Sign(cleared) || Math.Abs(left) > Math.Abs(cleared)))
        {
            Tell(fact.Grain, $"entry {book.Lines} takes back {-first} of {cleared}");
        }

        book.Standing[json.Text("redemption")] = left;
        if (!isReversal && json.Text("cause") is "Points" or "Gift")
        {
            tenant.Owe(json.Text("redemption"), first < 0 ? json.Text("first") : json.Text("second"), -Math.Abs(first));
        }

        var (day, currency) = (json.Text("on"), json.Text("currency"));
        book.Statements ??= new NaiveStatements($"{json.Text("first")}/{json.Text("second")}", currency, day[..7]);
        var details = new List<KeyValuePair<string, string>> { new("for", json.Text("cause")) };
        if (json.Text("subject").Length > 0) details.Add(new("subject", json.Text("subject")));
        book.Statements.Add(new NaiveLine(
            book.Lines,
            json.Text("at"),
            day,
            isReversal ? "REVERSED" : "REDEEMED",
            "",
            "",
            json.Text("redemption"),
            0,
            currency,
            first,
            second,
            "",
            details));
    }

    private void Tell(GrainId grain, string detail) => differences.Add(new Difference(grain, Name, detail));

    private Tenant Of(PartitionId partition)
    {
        if (!tenants.TryGetValue(partition, out var tenant)) tenants[partition] = tenant = new Tenant();
        return tenant;
    }

    private sealed class Tenant
    {
        public Dictionary<string, string> Companies { get; } = [];

        public long PointValue { get; set; }

        public Dictionary<(string Redemption, string Funder), long> Owed { get; } = [];

        public void Owe(string redemption, string funder, long minorUnits)
        {
            var owed = Owed.GetValueOrDefault((redemption, funder)) + minorUnits;
            if (owed == 0) Owed.Remove((redemption, funder));
            else Owed[(redemption, funder)] = owed;
        }
    }

    private sealed class Book
    {
        public long First { get; set; }

        public long Lines { get; set; }

        public Dictionary<string, long> Standing { get; } = [];

        public NaiveStatements? Statements { get; set; }
    }
}
