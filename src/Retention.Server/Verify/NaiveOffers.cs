using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Counts of a chain's own offers, added up from their redemptions and reversals; and each customer's uses must be
/// the redemptions that name him.
/// </summary>
public sealed class NaiveOffers : INaiveLaw
{
    private readonly Dictionary<GrainId, Tally> offers = [];
    private readonly Dictionary<GrainId, Tally> uses = [];
    private readonly Dictionary<string, (GrainId Offer, string Customer, long Discount)> standing = [];

    public string Name => "offers";

    public bool Concerns(string grainKind) => grainKind is "offer" or "offer-use";

    public void See(NaiveFact fact)
    {
        switch (fact.Type)
        {
            case "offer-targets-added" or "offer-targets-listed":
                Of(offers, fact.Grain).Targets += Number(fact.Json, "count");
                break;
            case "offer-coupons-issued":
                Of(offers, fact.Grain).Issued += Number(fact.Json, "count");
                break;
            case "offer-redeemed":
                var (redemption, discount) = (Text(fact.Json, "redemption"), Number(fact.Json, "discount"));
                standing.Add(redemption, (fact.Grain, Text(fact.Json, "customer"), discount));
                Of(offers, fact.Grain).Redeemed++;
                Of(offers, fact.Grain).Discount += discount;
                break;
            case "offer-redemption-reversed":
                if (!standing.Remove(Text(fact.Json, "redemption"), out var reversed)) break;
                Of(offers, fact.Grain).Redeemed--;
                Of(offers, fact.Grain).Discount -= reversed.Discount;
                break;
            case "offer-redemption-reduced":
                var (reduced, part) = (Text(fact.Json, "redemption"), Number(fact.Json, "discount"));
                if (!standing.TryGetValue(reduced, out var whole)) break;
                standing[reduced] = whole with { Discount = whole.Discount - part };
                Of(offers, fact.Grain).Discount -= part;
                break;
            case "use-redeemed":
                Of(uses, fact.Grain).Redeemed++;
                break;
            case "use-reversed":
                Of(uses, fact.Grain).Redeemed--;
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind == "offer-use")
        {
            return Unequal(grain, "uses", uses.GetValueOrDefault(grain)?.Redeemed ?? 0, Number(state, "uses"));
        }

        var tally = Of(offers, grain);
        return
        [
            .. Unequal(grain, "redemptions", tally.Redeemed, Number(state, "redeemed_count")),
            .. Unequal(grain, "discounts", tally.Discount, Number(state, "discount_minor_units")),
            .. Unequal(grain, "targets", tally.Targets, Number(state, "target_count")),
            .. Unequal(grain, "issues", tally.Issued, Number(state, "issued_count")),
        ];
    }

    public IEnumerable<Difference> Finish()
    {
        var named = standing.Values
            .Where(redemption => redemption.Customer.Length > 0)
            .GroupBy(redemption => new GrainId(
                redemption.Offer.Partition, "offer-use", redemption.Offer.Key + "|" + redemption.Customer))
            .ToDictionary(group => group.Key, group => group.LongCount());
        return uses.Keys.Union(named.Keys).SelectMany(use => Unequal(
            use, "redemptions of the customer", named.GetValueOrDefault(use), Of(uses, use).Redeemed));
    }

    private static IEnumerable<Difference> Unequal(GrainId grain, string what, long counted, long shown)
    {
        if (counted != shown) yield return new Difference(grain, "offers", $"{what}: {counted} counted, {shown} shown");
    }

    private static Tally Of(Dictionary<GrainId, Tally> tallies, GrainId grain)
    {
        if (!tallies.TryGetValue(grain, out var tally)) tallies[grain] = tally = new Tally();
        return tally;
    }

    private static long Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private sealed class Tally
    {
        public long Redeemed { get; set; }

        public long Discount { get; set; }

        public long Targets { get; set; }

        public long Issued { get; set; }
    }
}
