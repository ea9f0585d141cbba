using System.Text.Json;
using NodaTime;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// The laws of points: each sale counts once and brings what the program of that moment says; lots, debt and spend are
/// the sums of the journal; redemptions burn what expires first; returns reverse no more than was accrued; a redemption
/// comes back whole, once; a card, e-mail or phone leads to the customer who holds it.
/// </summary>
public sealed class NaivePoints : INaiveLaw
{
    private readonly Dictionary<PartitionId, NaiveProgram> programs = [];
    private readonly Dictionary<GrainId, NaiveCustomer> customers = [];
    private readonly Dictionary<GrainId, string> keys = [];
    private readonly NaiveSales sales;
    private readonly NaiveTransfers transfers;
    private readonly Dictionary<(PartitionId, string), (long Points, bool IsBack)> redemptions = [];
    private readonly List<Difference> found = [];

    public NaivePoints() => (sales, transfers) = (new NaiveSales(Tell), new NaiveTransfers(Tell));

    public string Name => "points";

    public bool Concerns(string grainKind) => grainKind is "tenant" or "customer" or "key" or "purchase";

    public void See(NaiveFact fact)
    {
        switch (fact.Grain.Kind)
        {
            case "tenant":
                ProgramOf(fact.Grain.Partition).See(fact.Type, fact.Json);
                break;
            case "customer":
                SeeCustomer(fact);
                break;
            case "key":
                SeeKey(fact);
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state) => grain.Kind switch
    {
        "customer" => JudgeCustomer(grain, state),
        "key" => JudgeKey(grain, state),
        "purchase" => JudgePurchase(grain, state),
        _ => [],
    };

    public IEnumerable<Difference> Finish() => found;

    private void SeeCustomer(NaiveFact fact)
    {
        if (!customers.TryGetValue(fact.Grain, out var customer)) customers[fact.Grain] = customer = new NaiveCustomer();
        var program = ProgramOf(fact.Grain.Partition);
        customer.Settle(fact.Json, fact.Position);
        switch (fact.Type)
        {
            case "purchase":
                sales.Sell(fact);
                customer.Buy(fact.Json, fact.Position, program);
                break;
            case "return":
                sales.TakeBack(fact);
                customer.Return(fact.Json, fact.Position, program);
                break;
            case "void":
                sales.Void(fact);
                customer.Lose(fact.Json, fact.Position, program);
                break;
            case "handed-over":
                sales.HandOver(fact);
                customer.Lose(fact.Json, fact.Position, program);
                break;
            case "taken-over":
                sales.TakeOver(fact);
                customer.TakeOver(fact.Json, fact.Position);
                break;
            case "held":
                customer.Hold(fact.Json, fact.Position);
                break;
            case "hold-captured":
                redemptions[(fact.Grain.Partition, fact.Json.Text("id"))] = (fact.Json.Long("m"), false);
                customer.EndHold(fact.Json, fact.Position);
                break;
            case "hold-voided":
                customer.EndHold(fact.Json, fact.Position);
                break;
            case "adjusted":
                customer.Move(fact.Json, fact.Position);
                break;
            case "sent" or "received":
                transfers.See(fact);
                customer.Move(fact.Json, fact.Position);
                break;
            case "redeemed":
                redemptions[(fact.Grain.Partition, fact.Json.Text("id"))] = (fact.Json.Long("m"), false);
                customer.Redeem(fact.Json, fact.Position);
                break;
            case "redemption-reversed":
                GiveBack(fact);
                customer.Restore(fact.Json, fact.Position);
                break;
        }
    }

    private void GiveBack(NaiveFact fact)
    {
        var id = (fact.Grain.Partition, fact.Json.Text("id"));
        if (!redemptions.TryGetValue(id, out var redemption) || redemption.IsBack) Tell(fact, "no redemption to reverse");
        else if (redemption.Points != fact.Json.Long("m")) Tell(fact, "the reversal is not the redemption's");
        redemptions[id] = redemption with { IsBack = true };
    }

    private void SeeKey(NaiveFact fact)
    {
        if (fact.Type == "taken") keys[fact.Grain] = fact.Json.Text("c");
        if (fact.Type == "freed") keys.Remove(fact.Grain);
    }

    private IEnumerable<Difference> JudgeKey(GrainId grain, JsonElement state) =>
        state.Text("c") == keys.GetValueOrDefault(grain, "") ? [] : [new(grain, Name, "does not lead to its holder")];

    private IEnumerable<Difference> JudgePurchase(GrainId grain, JsonElement state)
    {
        var parts = grain.Key.Split('|');
        var sale = sales.Of(grain.Partition, parts[0], parts[1], parts[2]);
        if (state.Long("a") != sale.Returned || state.Long("q") != sale.Reversed)
        {
            yield return new Difference(
                grain, Name, $"{state.Long("a")} and {state.Long("q")} came back, the journal says {sale.Returned} and {sale.Reversed}");
        }

        if (state.Flag("void") != sale.IsVoided || (state.Text("c").Length > 0) != sale.IsMoved)
        {
            yield return new Difference(grain, Name, "is not corrected as the journal says");
        }

        if (sale.IsMoved && state.Text("c") != sale.Customer.Key)
        {
            yield return new Difference(grain, Name, $"is {state.Text("c")}'s, the journal says {sale.Customer.Key}'s");
        }
    }

    private IEnumerable<Difference> JudgeCustomer(GrainId grain, JsonElement state)
    {
        var customer = customers.GetValueOrDefault(grain) ?? new NaiveCustomer();
        foreach (var fault in customer.Faults)
        {
            yield return new Difference(grain, Name, fault);
        }

        foreach (var (name, counted) in new[]
        {
            ("debt", customer.Debt), ("lot", customer.Lots), ("purchases", customer.Purchases), ("spend", customer.Spend),
        })
        {
            if (state.Long(name) == counted) continue;
            yield return new Difference(grain, Name, $"{name} is {state.Long(name)}, the journal says {counted}");
        }

        foreach (var difference in JudgeLots(grain, state, customer)) yield return difference;
        foreach (var key in state.List("keys").Select(key => key.Text("h")))
        {
            if (keys.GetValueOrDefault(new GrainId(grain.Partition, "key", key)) == grain.Key) continue;
            yield return new Difference(grain, Name, "holds a key that does not lead to him");
        }
    }

    // A customer with many lots may have forgotten dead ones: only there may less be than the journal says.
    private IEnumerable<Difference> JudgeLots(GrainId grain, JsonElement state, NaiveCustomer customer)
    {
        var lots = state.List("lots")
            .GroupBy(lot => new NaiveHeap(lot.Moment("x") ?? NodaConstants.UnixEpoch, lot.Long("v"), lot.Text("b")))
            .ToDictionary(lot => lot.Key, lot => lot.Sum(part => part.Long("m")));
        var forgotten = state.Moment("forgotten") ?? NodaConstants.UnixEpoch;
        foreach (var heap in customer.Heaps.Keys.Union(lots.Keys))
        {
            var (shown, counted) = (lots.GetValueOrDefault(heap), customer.Heaps.GetValueOrDefault(heap));
            if (shown == counted || (heap.ExpiresAt <= forgotten && shown < counted)) continue;
            yield return new Difference(
                grain, Name, $"{shown} millipoints expire at {heap.ExpiresAt}, the journal says {counted}");
        }
    }

    private NaiveProgram ProgramOf(PartitionId tenant)
    {
        if (!programs.TryGetValue(tenant, out var program)) programs[tenant] = program = new NaiveProgram();
        return program;
    }

    private void Tell(NaiveFact fact, string what) =>
        found.Add(new Difference(fact.Grain, Name, $"journal record {fact.Position}: {what}"));
}
