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
    private readonly Dictionary<UInt128, Sale> sales = [];
    private readonly Dictionary<(PartitionId, string), (long Points, bool IsBack)> redemptions = [];
    private readonly List<Difference> found = [];

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
        switch (fact.Type)
        {
            case "purchase":
                Sell(fact);
                customer.Buy(fact.Json, fact.Position, program);
                break;
            case "return":
                TakeBack(fact);
                customer.Return(fact.Json, fact.Position, program);
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

    private void Sell(NaiveFact fact)
    {
        var sale = new Sale(fact.Grain, fact.Json.Long("a"), fact.Json.Long("q"), 0, 0);
        if (!sales.TryAdd(KeyOf(fact), sale)) Tell(fact, "a sale counts twice");
    }

    private void TakeBack(NaiveFact fact)
    {
        if (!sales.TryGetValue(KeyOf(fact), out var sale) || sale.Customer != fact.Grain)
        {
            Tell(fact, "what was never sold came back");
            return;
        }

        var returned = sale.Returned + fact.Json.Long("a");
        var reversed = sale.Reversed + fact.Json.Long("q");
        sales[KeyOf(fact)] = sale with { Returned = returned, Reversed = reversed };
        if (returned > sale.Amount || reversed > sale.Accrued) Tell(fact, "more came back than was sold");

        var share = returned == sale.Amount
            ? sale.Accrued - sale.Reversed
            : (long)((Int128)sale.Accrued * fact.Json.Long("a") / sale.Amount);
        if (fact.Json.Long("q") != share) Tell(fact, $"{fact.Json.Long("q")} reversed, the share is {share}");
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
        var sale = sales.GetValueOrDefault(LedgerKey.Purchase(grain.Partition.OwnerId, parts[0], parts[1], parts[2]).Value);
        if (state.Long("a") != sale.Returned || state.Long("q") != sale.Reversed)
        {
            yield return new Difference(
                grain, Name, $"{state.Long("a")} and {state.Long("q")} came back, the journal says {sale.Returned} and {sale.Reversed}");
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

    private static UInt128 KeyOf(NaiveFact fact) => LedgerKey.Purchase(
        fact.Grain.Partition.OwnerId,
        (fact.Json.Part("o") ?? default).Text("b"),
        fact.Json.Text("s"),
        fact.Json.Text("i")).Value;

    private NaiveProgram ProgramOf(PartitionId tenant)
    {
        if (!programs.TryGetValue(tenant, out var program)) programs[tenant] = program = new NaiveProgram();
        return program;
    }

    private void Tell(NaiveFact fact, string what) =>
        found.Add(new Difference(fact.Grain, Name, $"journal record {fact.Position}: {what}"));

    private readonly record struct Sale(GrainId Customer, long Amount, long Accrued, long Returned, long Reversed);
}
