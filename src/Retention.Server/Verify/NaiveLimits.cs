using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// No redemption went beyond a limit or the budget that its offer had at that moment; what a store counts is what was
/// redeemed there; and each level of a budget was told when it was reached.
/// </summary>
public sealed class NaiveLimits : INaiveLaw
{
    private readonly Dictionary<GrainId, Terms> offers = [];
    private readonly Dictionary<GrainId, long> stores = [];
    private readonly List<Difference> found = [];

    public string Name => "limits";

    public bool Concerns(string grainKind) => grainKind is "offer" or "offer-store";

    public void See(NaiveFact fact)
    {
        if (fact.Grain.Kind == "offer-store")
        {
            var change = fact.Type == "use-redeemed" ? 1 : fact.Type == "use-reversed" ? -1 : 0;
            stores[fact.Grain] = stores.GetValueOrDefault(fact.Grain) + change;
            return;
        }

        var terms = Of(fact.Grain);
        switch (fact.Type)
        {
            case "offer-created" or "offer-updated":
                terms.Read(fact.Json.GetProperty("offer"));
                break;
            case "offer-redeemed":
                terms.Count++;
                terms.Given += fact.Json.Long("discount");
                if (terms.Total > 0 && terms.Count > terms.Total) Tell(fact, $"{terms.Count} stand, the limit is {terms.Total}");
                if (terms.Most > 0 && terms.Given > terms.Most) Tell(fact, $"{terms.Given} given, the limit is {terms.Most}");
                if (terms.Budget > 0 && terms.Given > terms.Budget) Tell(fact, $"{terms.Given} given of {terms.Budget}");
                terms.Percent = Math.Max(terms.Percent, terms.Level());
                break;
            case "offer-redemption-reversed":
                terms.Count--;
                terms.Given -= fact.Json.Long("discount");
                break;
            case "offer-redemption-reduced":
                terms.Given -= fact.Json.Long("discount");
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind == "offer-store")
        {
            var (counted, told) = (stores.GetValueOrDefault(grain), state.Long("uses"));
            if (counted != told) yield return new Difference(grain, Name, $"{counted} redeemed in the store, {told} shown");
            yield break;
        }

        if (!state.TryGetProperty("offer", out var offer) || offer.ValueKind != JsonValueKind.Object) yield break;
        var (terms, shown) = (Of(grain), new Terms());
        shown.Read(offer);
        if ((shown.Total, shown.Most, shown.Budget) != (terms.Total, terms.Most, terms.Budget))
        {
            yield return new Difference(grain, Name, "its limits are not those of its latest version");
        }

        if (state.Long("budget_percent") != terms.Percent)
        {
            yield return new Difference(grain, Name, $"{terms.Percent} percent reached, {state.Long("budget_percent")} shown");
        }
    }

    public IEnumerable<Difference> Finish() => found;

    private Terms Of(GrainId grain)
    {
        if (!offers.TryGetValue(grain, out var terms)) offers[grain] = terms = new Terms();
        return terms;
    }

    private void Tell(NaiveFact fact, string what) =>
        found.Add(new Difference(fact.Grain, Name, $"journal record {fact.Position}: {what}"));

    private sealed class Terms
    {
        public long Total { get; private set; }

        public long Most { get; private set; }

        public long Budget { get; private set; }

        public long Count { get; set; }

        public long Given { get; set; }

        public long Percent { get; set; }

        public void Read(JsonElement offer)
        {
            var limits = offer.GetProperty("limits");
            Total = limits.Long("total");
            Most = limits.Long("total_discount_minor_units");
            Budget = offer.Long("budget_minor_units");
            Percent = Level();
        }

        public long Level()
        {
            var percent = Budget == 0 ? 0 : (Int128)Given * 100 / Budget;
            return percent >= 100 ? 100 : percent >= 95 ? 95 : percent >= 80 ? 80 : 0;
        }
    }
}
