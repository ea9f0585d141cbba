using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Purchases;

namespace Retention.Domain.Tests.Customers;

/// <summary>Laws of voids, reassignments, transfers and holds, over generated days of a shop with three customers.</summary>
public sealed class CorrectionProperties
{
    private static readonly string[] People = ["ann", "bob", "eve"];

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(240);

    private static readonly Arbitrary<Step[]> Days = ArbMap.Default.ArbFor<byte[]>()
        .Convert(
            bytes => bytes.Chunk(4).Where(chunk => chunk.Length == 4).Select(chunk => new Step(chunk)).ToArray(),
            steps => [.. steps.SelectMany(step => step.Bytes)]);

    /// <summary>
    /// A sale counts for exactly one customer or, voided, for none: what each has, dead and held points included, less what he owes,
    /// is what the sales that are his brought and were not returned, less what he redeemed or sent, and what he was given.
    /// So are his count and his spend.
    /// Method: beside the grains a plain list of sales, each with its holder, and one sum of the rest per customer.
    /// </summary>
    [Fact]
    public void A_sale_counts_for_one_customer_or_for_none() => Check.One(Thorough, Prop.ForAll(Days, Live));

    private static void Live(Step[] steps)
    {
        var world = new World();
        world.SetProgram(program => program with { LotDays = 4, RoundToMillipoints = 1, MillipointsPerUnit = 700 });
        foreach (var person in People) world.Enroll(person);
        var sales = new List<Sale>();
        var holds = new List<(string Id, string Person)>();
        var redeemed = People.ToDictionary(person => person, _ => 0L);
        foreach (var (i, step) in steps.Index())
        {
            world.Advance(Duration.FromHours(step.Hours));
            if (step.Kind == 7) Hold(world, holds, redeemed, step);
            else Take(world, sales, redeemed, step, i);
            foreach (var person in People) Agrees(world, sales, redeemed[person], person);
        }
    }

    private static void Take(World world, List<Sale> sales, Dictionary<string, long> redeemed, Step step, int i)
    {
        var person = People[step.Choice % 3];
        var sale = sales.Count == 0 ? new Sale("none", person, 0) : sales[step.Choice % sales.Count];
        switch (step.Kind)
        {
            case 0 or 1:
                Assert.Null(world.Buy($"p{i}", step.Cents, buy => buy with { Customer = new CustomerRef(person, null) }).Refusal);
                sales.Add(new Sale($"p{i}", person, step.Cents));
                break;
            case 2:
                if (world.Redeem(step.Cents * 3L, person).Refusal is null) redeemed[person] += step.Cents * 3L;
                break;
            case 3:
                if (world.Return(sale.Id, $"r{i}").Refusal is null) sale.IsBack = true;
                break;
            case 4:
                if (world.Void(sale.Id).Refusal is null) sale.Holder = "";
                break;
            case 5 when step.Choice % 2 == 0:
                var other = People[(step.Choice + 1) % 3];
                if (world.Transfer(person, other, (step.Cents * 2L) + 1).Refusal is not null) break;
                redeemed[person] += (step.Cents * 2L) + 1;
                redeemed[other] -= (step.Cents * 2L) + 1;
                break;
            case 5:
                var points = (step.Cents * 2L) + 1 - 900;
                if (world.Adjust(points, person).Refusal is null) redeemed[person] -= points;
                break;
            default:
                if (world.Reassign(sale.Id, person).Reply is ReassignReceipt receipt)
                {
                    Assert.Equal(world.Balance(person), receipt.Balance);
                    sale.Holder = person;
                }

                break;
        }
    }

    private static void Hold(World world, List<(string Id, string Person)> holds, Dictionary<string, long> redeemed, Step step)
    {
        var person = People[step.Choice % 3];
        if (step.Choice % 2 == 0 || holds.Count == 0)
        {
            var ttl = Duration.FromHours(1 + step.Hours);
            if (world.Authorize((step.Cents * 2L) + 1, ttl, person).Reply is not HoldReceipt receipt) return;
            Assert.Equal(world.Balance(person), receipt.Balance);
            holds.Add((receipt.Held.HoldId, person));
            return;
        }

        var (id, holder) = holds[step.Choice / 2 % holds.Count];
        if (step.Cents % 30 == 0)
        {
            if (world.VoidHold(id).Refusal is null) Assert.NotNull(world.VoidHold(id).Refusal);
        }
        else if (world.Capture(id, step.Cents % 20 == 0 ? null : 1).Reply is CaptureReceipt captured)
        {
            Assert.Equal(world.Balance(holder), captured.Balance);
            redeemed[holder] += captured.Captured.Millipoints;
        }
    }

    private static void Agrees(World world, List<Sale> sales, long redeemed, string person)
    {
        var state = world.Customer(person);
        var his = sales.Where(sale => sale.Holder == person).ToList();
        var kept = his.Where(sale => !sale.IsBack).ToList();
        Assert.Equal(kept.Sum(sale => sale.Cents * 7L) - redeemed, state.Lots.Sum(lot => lot.Remaining) + Holds.Sum(state) - state.Debt);
        Assert.Equal(his.Count, state.PurchaseCount);
        Assert.Equal(kept.Sum(sale => sale.Cents), state.Spend);
        Assert.True(world.Balance(person) is { Available: 0 } or { Negative: 0 });
    }

    private sealed record Sale(string Id, string Buyer, long Cents)
    {
        /// <summary>Empty: voided.</summary>
        public string Holder { get; set; } = Buyer;

        public bool IsBack { get; set; }
    }

    internal sealed record Step(byte[] Bytes)
    {
        public int Kind => Bytes[0] % 8;

        public int Cents => Bytes[1] * 10;

        public int Choice => Bytes[2];

        public int Hours => Bytes[3] % 12;

        public override string ToString() => $"{Kind}:{Cents}:{Choice}:{Hours}";
    }
}
