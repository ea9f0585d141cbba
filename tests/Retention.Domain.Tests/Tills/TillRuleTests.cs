using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Domain.Tests.Customers;
using Retention.Domain.Tills;
using Retention.Kernel;

namespace Retention.Domain.Tests.Tills;

/// <summary>What a program notices at its tills.</summary>
public sealed class TillRuleTests
{
    private static readonly Instant At = Instant.FromUtc(2017, 5, 1, 16, 0);

    private static readonly (IGrainKind Kind, object Fact)[] Examples =
    [
        (TillGrains.Cashier, new CashierRegistered("cus_1") { At = At }),
        (TillGrains.CardUse, new CardUsed(At, new LocalDate(2017, 5, 1)) { At = At }),
        (TillGrains.Day, new TillFlagged("s1", "t1", "c1", TillRule.OwnCard, "cus_1", "pos/p1") { At = At }),
    ];

    private readonly World world = new();

    public TillRuleTests()
    {
        world.Enroll();
        world.Enroll("bob");
    }

    public static TheoryData<string> Names => new(Examples.Select(example => example.Fact.GetType().Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_fact_is_stored_as_its_golden_file_says(string name)
    {
        var (kind, fact) = Examples.Single(example => example.Fact.GetType().Name == name);
        var golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", $"{kind.Name}.{name}.json")).TrimEnd();
        var bytes = new ArrayBufferWriter<byte>();
        kind.EncodeFact(kind.DecodeFact(Encoding.UTF8.GetBytes(golden)), bytes);
        var own = new ArrayBufferWriter<byte>();
        kind.EncodeFact(fact, own);

        Assert.Equal(golden, Encoding.UTF8.GetString(bytes.WrittenSpan));
        Assert.Equal(golden, Encoding.UTF8.GetString(own.WrittenSpan));
    }

    [Fact]
    public void A_cashiers_own_sale_is_flagged_refused_or_allowed_as_the_program_says()
    {
        Register("", "c1", "ann");

        Assert.Equal(TillRule.OwnCard, Assert.Single(Flags(world.Buy("p1", 100))));
        Assert.Empty(Flags(world.Buy("p2", 100, sale => sale with { Customer = new CustomerRef("bob", null) })));
        Set(rules => rules with { OwnCard = RuleOutcome.Refuse });
        Assert.Equal(RefusalReason.OwnCard, world.Buy("p3", 100).Refusal!.Reason);
        Assert.Equal(RefusalReason.OwnCard, world.Redeem(1).Refusal!.Reason);
        Set(rules => rules with { OwnCard = RuleOutcome.Allow });
        Assert.Empty(Flags(world.Buy("p3", 100)));
    }

    [Fact]
    public void A_registration_for_a_store_goes_before_one_for_all()
    {
        Register("", "c1", "ann");
        Register("s1", "c1", "bob");

        Assert.Empty(Flags(world.Buy("p1", 100)));
        Register("s1", "c1", "");
        Assert.Single(Flags(world.Buy("p2", 100)));
    }

    [Fact]
    public void Uses_are_counted_per_hour_and_day_of_business_time()
    {
        Set(rules => rules with { CardUsesPerHour = 2, CardUsesPerDay = 3, CardVelocity = RuleOutcome.Refuse });
        world.Buy("p1", 100);
        world.Redeem(1);

        Assert.Contains(new RefusalDetail("limit", "hour"), world.Buy("p2", 100).Refusal!.Details);
        world.Advance(Duration.FromHours(1));
        Assert.Null(world.Buy("p2", 100).Refusal);
        Assert.Contains(new RefusalDetail("limit", "day"), world.Buy("p3", 100).Refusal!.Details);
        world.Advance(Duration.FromHours(20));
        Assert.Null(world.Buy("p3", 100).Refusal);
        Assert.Null(world.Buy("p4", 100, sale => sale with { PurchasedAt = world.Now - Duration.FromDays(2) }).Refusal);
    }

    [Fact]
    public void A_sale_of_the_future_is_refused_beyond_the_programs_minutes()
    {
        RecordPurchase Ahead(RecordPurchase sale, int minutes) => sale with { PurchasedAt = world.Now + Duration.FromMinutes(minutes) };

        Assert.Null(world.Buy("p1", 100, sale => Ahead(sale, 24 * 60)).Refusal);
        var refusal = world.Buy("p2", 100, sale => Ahead(sale, (24 * 60) + 1)).Refusal!;
        Assert.Equal(RefusalReason.FieldInvalid, refusal.Reason);
        Assert.Contains(new RefusalDetail("field", "purchase_time"), refusal.Details);
        Set(rules => rules with { PurchaseAheadMinutes = 0 });
        Assert.NotNull(world.Buy("p2", 100, sale => Ahead(sale, 1)).Refusal);
        Assert.Null(world.Buy("p2", 100, sale => Ahead(sale, 0)).Refusal);
    }

    [Fact]
    public void Till_ids_are_required_where_the_program_says_so()
    {
        var bare = World.Till with { TillId = null, LacksTillIds = true };
        Assert.Null(world.Buy("p1", 100, sale => sale with { Origin = bare }).Refusal);

        Set(rules => rules with { RequiresTillIds = true });

        Assert.Contains(new RefusalDetail("field", "till_id"), world.Buy("p2", 100, sale => sale with { Origin = bare }).Refusal!.Details);
        Assert.Null(world.Buy("p2", 100).Refusal);
    }

    /// <summary>
    /// No customer is served more often in an hour or day than the program says, whatever the order of the sales' times,
    /// and what is refused is what would have been too much.
    /// Method: beside the grain every granted use in a plain list, counted by hour and by day.
    /// </summary>
    [Fact]
    public void No_hour_or_day_holds_more_uses_than_the_program_says() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(120),
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), steps =>
        {
            var shop = new World();
            shop.Enroll();
            shop.SetProgram(program => program with
            {
                Tills = new TillRules(CardVelocity: RuleOutcome.Refuse, CardUsesPerHour: 2, CardUsesPerDay: 5),
            });
            var granted = new List<Instant>();
            foreach (var (i, step) in steps.Index())
            {
                shop.Advance(Duration.FromMinutes(step % 100));
                var zone = DateTimeZoneProviders.Tzdb[shop.TenantState.TimeZone];
                var isTooMuch = granted.Count(use => Hour(use) == Hour(shop.Now)) >= 2
                    || granted.Count(use => use.InZone(zone).Date == shop.Now.InZone(zone).Date) >= 5;
                Assert.Equal(isTooMuch, shop.Buy($"p{i}", 100).Refusal is not null);
                if (!isTooMuch) granted.Add(shop.Now);
            }
        }));

    private static long Hour(Instant moment) => moment.ToUnixTimeSeconds() / 3600;

    private static ImmutableArray<TillRule> Flags(Decision decision) => ((PurchaseReceipt)decision.Reply!).Flags;

    private void Register(string storeId, string cashierId, string customerId) => Assert.Null(world.Ask(turn =>
        TillTurns.Register(turn, World.Tenant, new RegisterCashier(storeId, cashierId, customerId))).Refusal);

    private void Set(Func<TillRules, TillRules> change) =>
        world.SetProgram(program => program with { Tills = change(program.Till) });
}
