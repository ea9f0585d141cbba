using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Kernel;

namespace Retention.Domain.Tests.Customers;

/// <summary>Laws of one customer's points, over generated lives. FsCheck prints the seed and shrinks a failing life.</summary>
public sealed class PointsProperties
{
    private const int LotDays = 7;

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(240);

    private static readonly Arbitrary<Step[]> Lives = ArbMap.Default.ArbFor<byte[]>()
        .Convert(
            bytes => bytes.Chunk(4).Where(chunk => chunk.Length == 4).Select(Step.Of).ToArray(),
            steps => [.. steps.SelectMany(step => step.Bytes)]);

    /// <summary>
    /// Whatever a customer does, no point is made or lost:
    /// accrued + restored = redeemed + reversed - forgiven + expired + available - negative.
    /// Method: live a random life and keep a second, naive ledger of single millipoints per purchase beside the grain.
    /// </summary>
    [Fact]
    public void No_point_is_made_or_lost() => Check.One(Thorough, Prop.ForAll(Lives, life => Live(life, mayOwe: true)));

    /// <summary>The same law where returns may not leave a debt: then there never is one.</summary>
    [Fact]
    public void Without_debt_no_balance_is_negative() => Check.One(Thorough, Prop.ForAll(Lives, life => Live(life, mayOwe: false)));

    /// <summary>
    /// However many lots are pooled and forgotten, no point is made or lost: per moment of expiry, what was accrued and
    /// restored less what was taken is what the customer has.
    /// Method: lives of hundreds of purchases within few days, from a fixed seed each, and sums of the stored facts.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Pooling_moves_no_point(int seed)
    {
        var random = new Random(seed);
        var world = Opened(mayOwe: true);
        var naive = new NaiveLedger(allowsDebt: true);
        for (var i = 0; i < 400; i++)
        {
            var bytes = new byte[4];
            random.NextBytes(bytes);
            if (random.Next(8) > 2) bytes[0] = 0;
            bytes[3] = (byte)(bytes[3] % 8 == 0 ? 3 : 0);
            var step = Step.Of(bytes);
            world.Advance(Duration.FromHours(step.Hours));
            Take(world, naive, step, i);
            Assert.Equal(SumOfFacts(world), (world.Balance().Available, world.Balance().Negative));
        }

        Assert.InRange(world.Customer().Lots.Length, 1, Lots.KeptMax);
        Assert.True(world.Customer().LastLot > Lots.KeptMax);
        AssertReplayed(world);
    }

    private static (long Available, long Negative) SumOfFacts(World world)
    {
        long debt = 0;
        var sums = new Dictionary<Instant, long>();
        foreach (var change in world.Journal)
        {
            switch (change.Fact)
            {
                case PurchaseRecorded e:
                    Count(e.ExpiresAt ?? Instant.MaxValue, e.Accrued - e.PaidDebt);
                    debt -= e.PaidDebt;
                    break;
                case PointsRedeemed e:
                    Each(e.Slices, -1);
                    break;
                case ReturnRecorded e:
                    Assert.Equal(e.Reversed, Each(e.Slices, -1) + e.Dead + e.Debt + e.Forgiven);
                    debt += e.Debt;
                    break;
                case RedemptionReversed e:
                    Each(e.Slices, 1);
                    debt -= Each(e.PaidBack, -1);
                    break;
            }
        }

        return (sums.Where(sum => sum.Key > world.Now).Sum(sum => sum.Value), debt);

        void Count(Instant expiry, long points) => sums[expiry] = sums.GetValueOrDefault(expiry) + points;

        long Each(ImmutableArray<LotSlice> slices, int sign)
        {
            if (slices.IsDefaultOrEmpty) return 0;
            foreach (var slice in slices) Count(slice.ExpiresAt, sign * slice.Millipoints);
            return slices.Sum(slice => slice.Millipoints);
        }
    }

    private static World Opened(bool mayOwe)
    {
        var world = new World();
        world.SetProgram(program => program with
        {
            LotDays = LotDays,
            RoundToMillipoints = 1,
            MillipointsPerUnit = 700,
            ReturnMayGoNegative = mayOwe,
        });
        world.Enroll();
        return world;
    }

    private static void Live(Step[] life, bool mayOwe)
    {
        var world = Opened(mayOwe);
        var naive = new NaiveLedger(mayOwe);
        foreach (var (i, step) in life.Index())
        {
            world.Advance(Duration.FromHours(step.Hours));
            var before = Encoded(world.Customer());
            var reply = Take(world, naive, step, i);
            if (reply.Refusal is not null)
            {
                Assert.True(reply.ChangesNothing);
                Assert.Equal(before, Encoded(world.Customer()));
            }

            Agrees(world, naive, reply);
        }

        AssertReplayed(world);
    }

    private static Decision Take(World world, NaiveLedger naive, Step step, int i)
    {
        var decision = step.Kind switch
        {
            0 or 1 => world.Buy($"p{i}", step.Cents, sale => sale with
            {
                PurchasedAt = world.Now - Duration.FromDays(step.Choice % 10),
                Lines = [new("a", null, null, 3, step.Cents - (step.Cents / 3)), new("b", null, null, 1, step.Cents / 3)],
            }),
            2 => world.Redeem(step.Cents * 7L),
            3 => world.Return($"p{naive.Pick(step.Choice)}", $"r{i}"),
            4 => world.Return($"p{naive.Pick(step.Choice)}", $"r{i}", new ReturnLine("a", 1, null)),
            _ => world.Reverse(naive.Redemption(step.Choice)),
        };
        if (decision.Reply is { } reply) naive.See(i, reply, world.Now);
        return decision;
    }

    private static void Agrees(World world, NaiveLedger naive, Decision decision)
    {
        var balance = world.Balance();
        Assert.Equal(naive.Available(world.Now), balance.Available);
        Assert.Equal(naive.Debt, balance.Negative);
        Assert.True(balance.Available == 0 || balance.Negative == 0);
        Assert.All(world.Customer().Lots, lot => Assert.InRange(lot.Remaining, 0, lot.Accrued));
        naive.AssertConserved(world.Now);
        var shown = decision.Reply switch
        {
            PurchaseReceipt receipt => receipt.Balance,
            ReturnReceipt receipt => receipt.Balance,
            RedemptionReceipt receipt => receipt.Balance,
            ReversalReceipt receipt => receipt.Balance,
            _ => null,
        };
        if (shown is not null) Assert.Equal(balance, shown);
    }

    // From the first fact on, and from every tenth state on, the facts lead to the same state.
    private static void AssertReplayed(World world)
    {
        var facts = world.Journal.Where(change => change.Grain.Kind == CustomerGrains.Kind).Select(change => change.Fact).ToList();
        var state = (object)CustomerState.Initial;
        foreach (var (i, fact) in facts.Index())
        {
            if (i % 10 == 0) state = CustomerGrains.Customer.DecodeState(Encoding.UTF8.GetBytes(Encoded(state)));
            state = CustomerGrains.Customer.Evolve(state, fact);
        }

        Assert.Equal(Encoded(world.Customer()), Encoded(state));
    }

    private static string Encoded(object state)
    {
        var bytes = new ArrayBufferWriter<byte>();
        CustomerGrains.Customer.EncodeState(state, bytes);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    internal sealed record Step(byte[] Bytes)
    {
        public int Kind => Bytes[0] % 6;

        public int Cents => Bytes[1] * 10;

        public int Choice => Bytes[2];

        public int Hours => Bytes[3] % 30;

        public static Step Of(byte[] bytes) => new(bytes);

        public override string ToString() => $"{Kind}:{Cents}:{Choice}:{Hours}";
    }
}
