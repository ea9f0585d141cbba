using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// An offer counts as issued what its coupons and its series of codes were issued with; series are numbered without a gap.
/// </summary>
public sealed class NaiveIssues : INaiveLaw
{
    private readonly Dictionary<GrainId, long> issued = [];
    private readonly Dictionary<GrainId, long> counted = [];
    private readonly Dictionary<PartitionId, long> numbers = [];
    private readonly List<Difference> found = [];

    public string Name => "issues";

    public bool Concerns(string grainKind) => grainKind is "offer" or "coupon" or "code-series";

    public void See(NaiveFact fact)
    {
        var offer = new GrainId(fact.Grain.Partition, "offer", fact.Json.Text("offer_id"));
        switch (fact.Type)
        {
            case "coupon-issued":
                issued[offer] = issued.GetValueOrDefault(offer) + 1;
                break;
            case "code-series-issued":
                issued[offer] = issued.GetValueOrDefault(offer) + fact.Json.Long("count");
                var number = numbers.GetValueOrDefault(fact.Grain.Partition);
                numbers[fact.Grain.Partition] = number + 1;
                if (fact.Grain.Key != $"{number}") found.Add(new Difference(fact.Grain, Name, $"series {number} is missing"));
                break;
            case "offer-coupons-issued":
                counted[fact.Grain] = counted.GetValueOrDefault(fact.Grain) + fact.Json.Long("count");
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind != "code-series" || grain.Key != "head") yield break;
        var (made, shown) = (numbers.GetValueOrDefault(grain.Partition), state.Long("series"));
        if (made != shown) yield return new Difference(grain, Name, $"{made} series made, {shown} shown");
    }

    public IEnumerable<Difference> Finish() => found.Concat(issued.Keys.Union(counted.Keys)
        .Where(offer => issued.GetValueOrDefault(offer) != counted.GetValueOrDefault(offer))
        .Select(offer => new Difference(
            offer, Name, $"{issued.GetValueOrDefault(offer)} issued, {counted.GetValueOrDefault(offer)} counted")));
}
