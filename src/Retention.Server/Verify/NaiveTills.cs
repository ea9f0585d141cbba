using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// The laws of till rules, from plain counts: how often each customer was served in his latest hour and day; a sale that
/// a cashier made to himself is flagged, unless the program allows it, and never there where it refuses; and each day's
/// report is the sum of its flags.
/// </summary>
public sealed class NaiveTills : INaiveLaw
{
    private readonly Dictionary<PartitionId, string> ownCard = [];
    private readonly Dictionary<GrainId, string> cashiers = [];
    private readonly Dictionary<GrainId, Uses> uses = [];
    private readonly Dictionary<GrainId, (long OwnCard, long CardVelocity)> days = [];
    private readonly HashSet<(PartitionId, string)> flagged = [];
    private readonly List<(NaiveSale Sale, long Position)> own = [];
    private readonly List<Difference> found = [];

    public string Name => "tills";

    public bool Concerns(string grainKind) => grainKind is "tenant" or "customer" or "cashier" or "card-use" or "till-day";

    public void See(NaiveFact fact)
    {
        switch (fact.Type)
        {
            case "ProgramUpdated" when fact.Json.GetProperty("program").Part("tills") is { } tills:
                ownCard[fact.Grain.Partition] = tills.Text("ownCard");
                break;
            case "cashier-registered":
                cashiers[fact.Grain] = fact.Json.Text("customer_id");
                break;
            case "card-used":
                uses[fact.Grain] = uses.GetValueOrDefault(fact.Grain, new Uses("", 0, "", 0)).And(
                    fact.Json.Text("hour"), fact.Json.Text("day"));
                break;
            case "till-flagged":
                Flag(fact);
                break;
            case "purchase":
                Sell(fact);
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state) => grain.Kind switch
    {
        "cashier" => Unequal(grain, "customer_id", state.Text("customer_id"), cashiers.GetValueOrDefault(grain, "")),
        "card-use" => JudgeUses(grain, state),
        "till-day" => JudgeDay(grain, state),
        _ => [],
    };

    public IEnumerable<Difference> Finish()
    {
        foreach (var (sale, position) in own.Where(one => !flagged.Contains((one.Sale.Tenant, one.Sale.What))))
        {
            found.Add(new Difference(sale.Customer, Name, $"journal record {position}: a cashier's own sale is not flagged"));
        }

        return found;
    }

    private void Flag(NaiveFact fact)
    {
        var (ownCards, velocity) = days.GetValueOrDefault(fact.Grain);
        var isOwn = fact.Json.Text("rule") == "OwnCard";
        days[fact.Grain] = isOwn ? (ownCards + 1, velocity) : (ownCards, velocity + 1);
        if (isOwn) flagged.Add((fact.Grain.Partition, fact.Json.Text("what")));
    }

    private void Sell(NaiveFact fact)
    {
        var origin = fact.Json.Part("o") ?? default;
        if (origin.ValueKind != JsonValueKind.Object || origin.Text("ca").Length == 0) return;
        var partition = fact.Grain.Partition;
        var atStore = cashiers.GetValueOrDefault(Cashier(partition, origin.Text("st"), origin.Text("ca")), "");
        var who = atStore.Length > 0 ? atStore : cashiers.GetValueOrDefault(Cashier(partition, "", origin.Text("ca")), "");
        if (who != fact.Grain.Key) return;

        var outcome = ownCard.GetValueOrDefault(partition, "Flag");
        if (outcome == "Refuse") found.Add(new Difference(fact.Grain, Name, $"journal record {fact.Position}: a cashier sold to himself"));
        if (outcome != "Flag") return;
        own.Add((new NaiveSale(partition, fact.Grain, $"{fact.Json.Text("s")}/{fact.Json.Text("i")}"), fact.Position));
    }

    private IEnumerable<Difference> JudgeUses(GrainId grain, JsonElement state)
    {
        var counted = uses.GetValueOrDefault(grain, new Uses("", 0, "", 0));
        return
        [
            .. Unequal(grain, "hour_count", state.Long("hour_count"), counted.HourCount),
            .. Unequal(grain, "day_count", state.Long("day_count"), counted.DayCount),
        ];
    }

    private IEnumerable<Difference> JudgeDay(GrainId grain, JsonElement state)
    {
        var (ownCards, velocity) = days.GetValueOrDefault(grain);
        var counts = state.List("counts").ToList();
        var shown = counts.Sum(count => count.Long("own_card") + count.Long("card_velocity")) + state.Long("unnamed");
        return Unequal(grain, "flags", shown, ownCards + velocity);
    }

    private IEnumerable<Difference> Unequal<T>(GrainId grain, string what, T shown, T counted)
    {
        if (!Equals(shown, counted)) yield return new Difference(grain, Name, $"{what} is {shown}, the journal says {counted}");
    }

    private static GrainId Cashier(PartitionId tenant, string storeId, string cashierId) =>
        new(tenant, "cashier", $"{storeId}|{cashierId}");

    private readonly record struct NaiveSale(PartitionId Tenant, GrainId Customer, string What);

    /// <summary>Hours and days as ISO text, whose order is that of time.</summary>
    private readonly record struct Uses(string Hour, long HourCount, string Day, long DayCount)
    {
        public Uses And(string hour, string day)
        {
            var byHour = string.CompareOrdinal(hour, Hour);
            var byDay = string.CompareOrdinal(day, Day);
            return new Uses(
                byHour > 0 ? hour : Hour,
                byHour > 0 ? 1 : byHour == 0 ? HourCount + 1 : HourCount,
                byDay > 0 ? day : Day,
                byDay > 0 ? 1 : byDay == 0 ? DayCount + 1 : DayCount);
        }
    }
}
