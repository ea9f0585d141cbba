using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Joint coupons among several codes of an order: a held coupon is redeemed under its hold's name only when the chain had
/// decided for it, at the chain's part, once, and by nobody else after that; what the chain decided for was held.
/// </summary>
public sealed class NaiveStacks : INaiveLaw
{
    private readonly Dictionary<string, GrainId> held = [];
    private readonly Dictionary<string, long> decided = [];
    private readonly Dictionary<GrainId, string> awaited = [];
    private readonly List<Difference> found = [];

    public string Name => "stacks";

    public bool Concerns(string grainKind) => grainKind is "joint-coupon" or "coupon-redemption";

    public void See(NaiveFact fact)
    {
        var redemption = fact.Json.Text("redemption");
        switch (fact.Type)
        {
            case "joint-stack-held":
                if (awaited.ContainsKey(fact.Grain)) Tell(fact, "is held again while the chain's word is under way");
                held[redemption] = fact.Grain;
                break;
            case "joint-stack-released":
                if (!held.ContainsKey(redemption)) Tell(fact, $"is released, and {redemption} did not hold it");
                if (decided.ContainsKey(redemption)) Tell(fact, $"is released, and the chain decided for {redemption}");
                break;
            case "redemption-stacked":
                if (!held.TryGetValue(fact.Grain.Key, out var coupon)) Tell(fact, "the chain decided for what was not held");
                else awaited[coupon] = fact.Grain.Key;
                decided[fact.Grain.Key] = fact.Json.Long("discount_minor_units");
                break;
            case "joint-coupon-redeemed":
                Redeem(fact, redemption);
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state) => [];

    public IEnumerable<Difference> Finish() => found;

    private void Redeem(NaiveFact fact, string redemption)
    {
        var (isHeld, given) = (held.ContainsKey(redemption), fact.Json.Long("discount_minor_units"));
        if (awaited.Remove(fact.Grain, out var other) && other != redemption) Tell(fact, $"is redeemed though {other} has it");
        if (isHeld && !decided.ContainsKey(redemption)) Tell(fact, "is redeemed and the chain did not decide for it");
        if (isHeld && decided.GetValueOrDefault(redemption) != given) Tell(fact, $"gives {given}, the chain decided otherwise");
    }

    private void Tell(NaiveFact fact, string what) =>
        found.Add(new Difference(fact.Grain, Name, $"journal record {fact.Position}: {what}"));
}
