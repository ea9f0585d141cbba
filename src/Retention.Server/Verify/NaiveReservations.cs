using System.Text.Json;
using NodaTime;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Reservations of a chain's own offers: what an offer and a customer hold must be what was reserved and neither used,
/// released nor over when the last one came; a unique coupon is redeemed by one redemption at a time; and what returned
/// lines gave back is never more than what lay on them.
/// </summary>
public sealed class NaiveReservations : INaiveLaw
{
    private static readonly Dictionary<string, Instant> None = [];
    private readonly Dictionary<GrainId, Dictionary<string, Instant>> held = [];
    private readonly Dictionary<GrainId, Instant> lastAt = [];
    private readonly Dictionary<GrainId, string> redeemed = [];
    private readonly Dictionary<(GrainId Redemption, string Line), long> left = [];
    private readonly List<Difference> found = [];

    public string Name => "reservations";

    public bool Concerns(string grainKind) => grainKind is "offer" or "offer-use" or "coupon" or "coupon-redemption";

    public void See(NaiveFact fact)
    {
        switch (fact.Type)
        {
            case "offer-reserved" or "use-reserved":
                Of(fact.Grain)[fact.Json.Text("reservation")] = fact.Json.Moment("expires_at") ?? default;
                lastAt[fact.Grain] = fact.Json.Moment("at") ?? default;
                break;
            case "offer-redeemed" or "use-redeemed" or "offer-reservation-released" or "use-reservation-released":
                if (fact.Json.Text("reservation") is { Length: > 0 } over && !Of(fact.Grain).Remove(over))
                {
                    Tell(fact, $"{over} was not reserved");
                }

                break;
            case "coupon-redeemed":
                if (!redeemed.TryAdd(fact.Grain, fact.Json.Text("redemption"))) Tell(fact, "the coupon was redeemed already");
                break;
            case "coupon-reversed":
                redeemed.Remove(fact.Grain);
                break;
            case "redemption-spread":
                foreach (var line in fact.Json.List("lines"))
                {
                    left[(fact.Grain, line.Text("line"))] = line.Long("discount");
                }

                break;
            case "redemption-lines-returned":
                foreach (var line in fact.Json.List("lines"))
                {
                    var key = (fact.Grain, line.Text("line"));
                    left[key] = left.GetValueOrDefault(key) - line.Long("discount");
                    if (left[key] < 0) Tell(fact, $"line {line.Text("line")} gave back more than it got");
                }

                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind == "coupon")
        {
            var (counted, told) = (redeemed.GetValueOrDefault(grain, ""), state.Text("redemption_id"));
            if (counted != told) yield return new Difference(grain, Name, $"redeemed by {counted}, shown {told}");
        }
        else if (grain.Kind == "coupon-redemption")
        {
            foreach (var line in state.List("lines"))
            {
                var stands = line.Long("discount") - line.Long("discount_back");
                var counted = left.GetValueOrDefault((grain, line.Text("line")));
                if (stands != counted) yield return new Difference(grain, Name, $"{counted} stands, shown {stands}");
            }
        }
        else
        {
            var expected = (held.GetValueOrDefault(grain) ?? None)
                .Where(hold => hold.Value > lastAt.GetValueOrDefault(grain))
                .Select(hold => hold.Key)
                .Order(StringComparer.Ordinal);
            var shown = state.List("holds").Select(hold => hold.Text("reservation")).Order(StringComparer.Ordinal);
            if (!expected.SequenceEqual(shown)) yield return new Difference(grain, Name, "holds are not what was reserved");
        }
    }

    public IEnumerable<Difference> Finish() => found;

    private Dictionary<string, Instant> Of(GrainId grain)
    {
        if (!held.TryGetValue(grain, out var holds)) held[grain] = holds = [];
        return holds;
    }

    private void Tell(NaiveFact fact, string what) =>
        found.Add(new Difference(fact.Grain, Name, $"journal record {fact.Position}: {what}"));
}
