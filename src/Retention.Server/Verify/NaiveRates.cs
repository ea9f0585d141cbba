using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Accounts in two currencies: each entry's counter amount, and the rate it was taken at, told a second time; each
/// currency's postings sum to zero in each entry, and the account shows what was posted.
/// </summary>
public sealed class NaiveRates : INaiveLaw
{
    private readonly Dictionary<PartitionId, NaiveExchange> books = [];
    private readonly List<Difference> differences = [];

    public string Name => "rates";

    public bool Concerns(string grainKind) => grainKind is "agreement" or "account";

    public void See(NaiveFact fact)
    {
        if (!books.TryGetValue(fact.Grain.Partition, out var book)) books[fact.Grain.Partition] = book = new NaiveExchange();
        if (fact.Json.Part("terms") is { } terms) book.Agree(fact.Json.Long("terms_version"), FxOf(terms));
        if (fact.Type == "rate-recorded" && RateOf(fact.Json) is { } rate && book.Record(rate) is { } fault) Tell(fact, fault);
        if (fact.Grain.Kind != "account" || fact.Json.Long("number") == 0) return;

        foreach (var one in (string[])["Counter", "CounterProvisional"])
        {
            var sum = fact.Json.List("postings").Where(posting => posting.Text("book") == one).Sum(posting => posting.Long("minor_units"));
            if (sum != 0) Tell(fact, $"entry {fact.Json.Long("number")} posts {sum} more than nothing to {one}");
        }

        foreach (var found in book.See(Entry(fact))) Tell(fact, found);
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind != "account" || !books.TryGetValue(grain.Partition, out var book)) yield break;
        var (net, later) = (state.Long("first_counter"), state.Long("first_counter_provisional"));
        var (second, secondLater) = (state.Long("second_counter"), state.Long("second_counter_provisional"));
        var waiting = state.List("pending").Sum(one => one.Long("first_counter"));
        if ((net, -second) != (book.Counter, book.Counter)) yield return new Difference(grain, Name, $"shows {net} and {second} in the counter currency, posted are {book.Counter}");
        if ((later, -secondLater, waiting) != (book.CounterLater, book.CounterLater, book.CounterLater))
        {
            yield return new Difference(grain, Name, $"shows {later}, {secondLater} and {waiting} waiting in the counter currency, posted are {book.CounterLater}");
        }
    }

    public IEnumerable<Difference> Finish() => differences;

    private static NaiveFx? FxOf(JsonElement terms) => terms.Part("fx") is { } fx
        ? new NaiveFx(fx.Text("side"), fx.Flag("first_rounds"), (int)fx.Long("rate_days"))
        : null;

    private static NaiveRate? RateOf(JsonElement json) => json.Part("rate") is { } rate
        ? new NaiveRate(rate.Text("on"), rate.Long("units"), rate.Long("counter_units"), rate.Text("source"))
        : null;

    private static NaiveConverted Entry(NaiveFact fact)
    {
        var json = fact.Json;
        return new NaiveConverted(
            json.Long("number"),
            json.Text("on"),
            NaiveEntry.KindOf(fact.Type),
            json.Text("leg_id"),
            json.Text("redemption"),
            json.Long("terms_version"),
            First(""),
            First("Provisional"),
            First("Counter"),
            First("CounterProvisional"),
            RateOf(json),
            json.Long("taxed_number") + json.Long("disputed_number"));

        long First(string book) => NaiveEntry.First(json, book);
    }

    private void Tell(NaiveFact fact, string fault) => differences.Add(new Difference(fact.Grain, Name, fault));
}
