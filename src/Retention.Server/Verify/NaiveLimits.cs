using System.Text.Json;
using NodaTime;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// No redemption and no issue went beyond a limit or the budget that its offer had at that moment, with what the budget
/// keeps for coupons that are out; nothing that is kept is freed twice; what a store counts is what was redeemed there;
/// and each level of a budget was told when it was reached.
/// </summary>
public sealed class NaiveLimits : INaiveLaw
{
    private readonly Dictionary<GrainId, Terms> offers = [];
    private readonly Dictionary<GrainId, long> stores = [];
    private readonly Dictionary<string, GrainId> couponOf = [];
    private readonly Dictionary<string, long> freedBy = [];
    private readonly Dictionary<GrainId, long> keptFor = [];
    private readonly List<Difference> found = [];

    public string Name => "limits";

    public bool Concerns(string grainKind) => grainKind is "offer" or "offer-store" or "coupon";

    public void See(NaiveFact fact)
    {
        if (fact.Grain.Kind == "offer-store")
        {
            var change = fact.Type == "use-redeemed" ? 1 : fact.Type == "use-reversed" ? -1 : 0;
            stores[fact.Grain] = stores.GetValueOrDefault(fact.Grain) + change;
            return;
        }

        if (fact.Grain.Kind == "coupon")
        {
            SeeCoupon(fact);
            return;
        }

        var terms = Of(fact.Grain);
        terms.At = fact.Json.Moment("at") ?? terms.At;
        switch (fact.Type)
        {
            case "offer-created" or "offer-updated":
                terms.Read(fact.Json.GetProperty("offer"));
                break;
            case "offer-coupons-issued":
                terms.Keep(fact.Json.Part("reserve"), 1);
                Spend(fact, terms);
                break;
            case "offer-coupon-voided":
                terms.Keep(fact.Json.Part("unreserved"), -1);
                break;
            case "offer-redeemed":
                terms.Count++;
                terms.Given += fact.Json.Long("discount");
                terms.Keep(fact.Json.Part("unreserved"), -1);
                Free(fact, fact.Json.Text("redemption"), fact.Json.Part("unreserved")?.Long("minor_units") ?? 0);
                if (terms.Total > 0 && terms.Count > terms.Total) Tell(fact, $"{terms.Count} stand, the limit is {terms.Total}");
                if (terms.Most > 0 && terms.Given > terms.Most) Tell(fact, $"{terms.Given} given, the limit is {terms.Most}");
                Spend(fact, terms);
                break;
            case "offer-redemption-reversed":
                terms.Count--;
                terms.Given -= fact.Json.Long("discount");
                terms.Keep(fact.Json.Part("reserve"), 1);
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

        var kept = state.List("reserves").Where(one => one.Moment("ends_at") is not { } end || end > terms.At).Sum(one => one.Long("minor_units"));
        if (kept != terms.Kept()) yield return new Difference(grain, Name, $"{terms.Kept()} reserved at issue, {kept} shown");
    }

    public IEnumerable<Difference> Finish() => found;

    private void Spend(NaiveFact fact, Terms terms)
    {
        var used = terms.Given + terms.Kept();
        if (terms.Budget > 0 && used > terms.Budget) Tell(fact, $"{used} given and reserved of {terms.Budget}");
        terms.Percent = Math.Max(terms.Percent, terms.Level());
    }

    // The offer's and the coupon's facts of one commit come in any order.
    private void SeeCoupon(NaiveFact fact)
    {
        switch (fact.Type)
        {
            case "coupon-issued" or "coupon-reversed":
                keptFor[fact.Grain] = fact.Json.Part("reserve")?.Long("minor_units") ?? 0;
                break;
            case "coupon-voided":
                keptFor[fact.Grain] = 0;
                break;
            case "coupon-redeemed":
                couponOf[fact.Json.Text("redemption")] = fact.Grain;
                Pair(fact, fact.Json.Text("redemption"));
                break;
        }
    }

    private void Free(NaiveFact fact, string redemption, long freed)
    {
        freedBy[redemption] = freed;
        Pair(fact, redemption);
    }

    // A coupon of a series has no fact of its issue: its first reserve is not known here.
    private void Pair(NaiveFact fact, string redemption)
    {
        if (!freedBy.TryGetValue(redemption, out var freed) || !couponOf.TryGetValue(redemption, out var coupon)) return;
        if (keptFor.TryGetValue(coupon, out var kept) && freed > kept) Tell(fact, $"{freed} freed for a coupon that {kept} was kept for");
        keptFor[coupon] = 0;
    }

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

        public Instant At { get; set; } = Instant.MinValue;

        private Dictionary<Instant, long> Reserves { get; } = [];

        public void Keep(JsonElement? reserve, int sign)
        {
            if (reserve is not { ValueKind: JsonValueKind.Object } part) return;
            var end = part.Moment("ends_at") ?? Instant.MaxValue;
            Reserves[end] = Reserves.GetValueOrDefault(end) + (sign * part.Long("minor_units"));
        }

        public long Kept() => Reserves.Where(reserve => reserve.Key > At).Sum(reserve => reserve.Value);

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
            var percent = Budget == 0 ? 0 : (Int128)(Given + Kept()) * 100 / Budget;
            return percent >= 100 ? 100 : percent >= 95 ? 95 : percent >= 80 ? 80 : 0;
        }
    }
}
