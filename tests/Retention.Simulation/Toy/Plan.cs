using Retention.Kernel;
using Retention.Simulation.Runs;

namespace Retention.Simulation.Toy;

/// <summary>What the clients of a run will ask, drawn apart from the faults so that a plan can be cut down.</summary>
public sealed class Plan
{
    private readonly List<(string Sale, int Tenant, PartitionId Agreement)> sales = [];
    private readonly Swarm swarm;
    private readonly Rng rng;
    private readonly List<Verb> verbs = [];
    private readonly Rng offline;
    private readonly Rng byLine;
    private readonly int captures;

    private Plan(Swarm swarm)
    {
        this.swarm = swarm;
        rng = new Rng(swarm.Seed, "plan");
        // Captures take the place of some redemptions, by chances of their own: the rest of a plan is as it was.
        offline = new Rng(swarm.Seed, "offline");
        captures = offline.Pick([0, 200, 500]);
        byLine = new Rng(swarm.Seed, "by line");
        foreach (var verb in Enum.GetValues<Verb>().Where(verb => verb is not (Verb.Capture or Verb.ReverseLine or Verb.Rate)))
        {
            var weight = rng.Pick([0, 1, 2, 4]);
            verbs.AddRange(Enumerable.Repeat(verb, verb is Verb.Deposit or Verb.Purchase ? weight + 2 : weight));
        }
    }

    public static IReadOnlyList<Operation> Of(Swarm swarm, IReadOnlySet<int>? skip)
    {
        var plan = new Plan(swarm);
        var operations = Enumerable.Range(0, swarm.Operations).Select(plan.Draw).ToList();
        return skip is null ? operations : [.. operations.Where((_, index) => !skip.Contains(index))];
    }

    /// <summary>All coupons come to their end.</summary>
    public static IReadOnlyList<Operation> Closing(Swarm swarm, int round) =>
    [
        .. Enumerable.Range(0, swarm.Tenants - 1).Select(index =>
        {
            var clock = ToyGrains.ClockOf(ToyGrains.Agreement(index));
            return new Operation($"A-end{round}-{index}", Verb.AdvanceClock, clock.Partition, clock, clock, 100_000, "");
        }),
    ];

    public static IReadOnlyList<Operation> LastReads(IEnumerable<GrainId> grains) =>
    [
        .. grains.Where(grain => grain.Kind is not (GrainId.InboxKind or GrainId.OutboxKind))
            .Select((grain, index) => new Operation($"Z{index}", Verb.ReadOne, grain.Partition, grain, grain, 0, "")),
    ];

    private Operation Draw(int index)
    {
        var verb = rng.Pick(verbs);
        var tenant = rng.Below(swarm.Tenants);
        var partition = ToyGrains.Tenant(tenant);
        var agreement = ToyGrains.Agreement(Math.Clamp(tenant - rng.Below(2), 0, swarm.Tenants - 2));
        var id = $"{partition.OwnerId}{index}";
        var amount = rng.Between(1, 9);
        return verb switch
        {
            Verb.Spend => new(id, verb, partition, Purse(partition), new(partition, ToyGrains.Offer, "o"), amount, ""),
            Verb.Purchase => Purchase(id, tenant, agreement, amount),
            Verb.Return or Verb.Redeem or Verb.Reverse or Verb.Extend when sales.Count > 0 => Concerning(id, verb, amount),
            Verb.AdvanceClock => Advance(id, agreement),
            Verb.Transfer or Verb.ReadTwo => new(id, verb, partition, Purse(partition), Purse(partition), amount, ""),
            Verb.ReadOne => Read(id, partition, agreement),
            _ => new(id, Verb.Deposit, partition, Purse(partition), Purse(partition), amount, ""),
        };
    }

    private Operation Purchase(string id, int tenant, PartitionId agreement, long amount)
    {
        var sale = id;
        if (sales.Count > 0 && rng.Chance(60))
        {
            // The same receipt under another request id.
            (sale, tenant, agreement) = rng.Pick(sales);
            id = $"{ToyGrains.Tenant(tenant).OwnerId}{id[1..]}";
        }
        else
        {
            sales.Add((sale, tenant, agreement));
        }

        var partition = ToyGrains.Tenant(tenant);
        return new(id, Verb.Purchase, partition, Purse(partition), Reserve(partition, agreement), amount, sale);
    }

    private Operation Concerning(string id, Verb verb, long amount)
    {
        var (sale, tenant, agreement) = sales[Math.Max(0, sales.Count - 1 - rng.Below(6))];
        if (verb == Verb.Return)
        {
            var partition = ToyGrains.Tenant(tenant);
            id = $"{partition.OwnerId}{id[1..]}";
            return new(id, verb, partition, Purse(partition), Reserve(partition, agreement), amount, sale);
        }

        if (verb == Verb.Redeem && offline.Chance(captures)) verb = Verb.Capture;
        if (swarm.HasLines && verb is (Verb.Reverse or Verb.Extend) && byLine.Chance(800))
        {
            return new(
                id, Verb.ReverseLine, agreement, new(agreement, ToyGrains.Coupon, sale), new(agreement, ToyGrains.Use, sale), byLine.Below(2), sale);
        }

        return new(
            id, verb, agreement, new(agreement, ToyGrains.Coupon, sale), ToyGrains.ClockOf(agreement), amount * 40, sale);
    }

    private Operation Advance(string id, PartitionId agreement)
    {
        var (clock, by) = (ToyGrains.ClockOf(agreement), rng.Between(10, 200));
        if (swarm.HasLines && byLine.Chance(500))
        {
            var rate = ToyGrains.RateOf(agreement);
            return new(id, Verb.Rate, agreement, rate, rate, byLine.Between(50, 200), "");
        }

        return new(id, Verb.AdvanceClock, agreement, clock, clock, by, "");
    }

    private Operation Read(string id, PartitionId partition, PartitionId agreement)
    {
        GrainId grain = rng.Below(4) switch
        {
            0 => new(agreement, ToyGrains.Account, partition.OwnerId),
            1 => new(agreement, ToyGrains.Offer, "joint"),
            2 => new(partition, ToyGrains.Offer, "o"),
            _ => Purse(partition),
        };
        return new(id, Verb.ReadOne, grain.Partition, grain, grain, 0, "");
    }

    private static GrainId Reserve(PartitionId partition, PartitionId agreement) =>
        new(partition, ToyGrains.Reserve, agreement.OwnerId);

    private GrainId Purse(PartitionId partition) => ToyGrains.PurseOf(
        partition, swarm.HotPurse && rng.Chance(600) ? "0" : rng.Below(swarm.Purses).ToString());
}
