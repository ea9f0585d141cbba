using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Domain.Purchases;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Domain.Tests.Customers.EnrollmentTests;

namespace Retention.Domain.Tests.Customers;

public sealed class PurchaseTests
{
    private readonly World world = new();

    public PurchaseTests()
    {
        world.Enroll();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(99, 0)]
    [InlineData(100, 1_000)]
    [InlineData(1_099, 10_000)]
    [InlineData(123_456, 1_234_000)]
    public void A_purchase_brings_a_point_per_whole_unit(long cents, long millipoints)
    {
        var receipt = (PurchaseReceipt)world.Buy("p1", cents).Reply!;

        Assert.Equal(millipoints, receipt.Purchase.Accrued);
        Assert.Equal(millipoints, receipt.Balance.Available);
        Assert.Equal(receipt.Balance, world.Balance());
    }

    [Fact]
    public void A_cap_reduces_the_accrual_and_says_so()
    {
        world.SetProgram(program => program with { MillipointsCapPerPurchase = 7_500 });

        var receipt = (PurchaseReceipt)world.Buy("p1", 1_000).Reply!;

        Assert.Equal(7_500, receipt.Purchase.Accrued);
        Assert.Equal(2_500, receipt.Purchase.CapTook);
    }

    [Fact]
    public void Points_keep_the_rule_version_they_were_accrued_under()
    {
        world.Buy("p1", 100);
        world.SetProgram(program => program with { Version = 2, MillipointsPerUnit = 5_000 });
        world.Buy("p2", 100);

        Assert.Equal([1, 2], world.Customer().Lots.Select(lot => lot.RuleVersion));
        Assert.Equal([1_000L, 5_000L], world.Customer().Lots.Select(lot => lot.Accrued));
    }

    [Fact]
    public void What_was_paid_with_points_accrues_nothing()
    {
        var receipt = (PurchaseReceipt)world.Buy("p1", 1_000, sale => sale with { NotMoney = 400 }).Reply!;

        Assert.Equal(6_000, receipt.Purchase.Accrued);
    }

    [Fact]
    public void A_sale_of_yesterday_keeps_both_times()
    {
        var yesterday = world.Now - Duration.FromDays(1);

        var receipt = (PurchaseReceipt)world.Buy("p1", 100, sale => sale with { PurchasedAt = yesterday }).Reply!;

        Assert.Equal(yesterday, receipt.Purchase.PurchasedAt);
        Assert.Equal(world.Now, receipt.Purchase.At);
        Assert.Equal(yesterday, world.Customer().Lots[0].ActiveFrom);
    }

    [Fact]
    public void A_sale_so_old_that_its_points_are_dead_is_recorded_with_a_dead_lot()
    {
        var old = world.Now - Duration.FromDays(400);

        var receipt = (PurchaseReceipt)world.Buy("p1", 1_000, sale => sale with { PurchasedAt = old }).Reply!;

        Assert.Equal(10_000, receipt.Purchase.Accrued);
        Assert.Equal(0, receipt.Balance.Available);
        Assert.Equal(1, world.Customer().PurchaseCount);
        Assert.Equal(10_000, Assert.Single(world.Customer().Lots).Remaining);
    }

    [Fact]
    public void Time_never_goes_back_for_a_customer()
    {
        var later = world.Now;
        world.Buy("p1", 100);
        world.Advance(-Duration.FromHours(5));

        var receipt = (PurchaseReceipt)world.Buy("p2", 100).Reply!;

        Assert.Equal(later, receipt.Purchase.At);
    }

    [Fact]
    public void Lines_that_do_not_add_up_to_the_total_are_refused()
    {
        Refused(RefusalReason.FieldInvalid, world.Buy("p1", 1_000, sale => sale with { Lines = [Line("a", 999)] }));
        Assert.Null(world.Buy("p1", 1_000, sale => sale with { Lines = [Line("a", 400), Line("b", 600)] }).Refusal);
    }

    [Fact]
    public void Two_lines_of_one_id_are_refused()
    {
        Refused(
            RefusalReason.FieldInvalid,
            world.Buy("p1", 1_000, sale => sale with { Lines = [Line("a", 400), Line("a", 600)] }));
    }

    [Fact]
    public void Amounts_out_of_range_are_refused()
    {
        Refused(RefusalReason.FieldInvalid, world.Buy("p1", -1));
        Refused(RefusalReason.FieldInvalid, world.Buy("p1", PointsDecider.TotalMax + 1));
        Refused(RefusalReason.FieldInvalid, world.Buy("p1", 100, sale => sale with { NotMoney = 101 }));
        Refused(RefusalReason.FieldInvalid, world.Buy("p1", 0, sale => sale with { Lines = [Line("a", -1), Line("b", 1)] }));
        Assert.Null(world.Buy("p1", PointsDecider.TotalMax).Refusal);
    }

    [Fact]
    public void More_points_than_can_be_counted_are_refused()
    {
        world.SetProgram(program => program with { MillipointsPerUnit = 1_000_000 });

        Refused(RefusalReason.FieldInvalid, world.Buy("p1", PointsDecider.TotalMax));
    }

    [Fact]
    public void More_lines_than_the_limit_are_refused()
    {
        var lines = Enumerable.Range(0, PointsDecider.LinesMax + 1).Select(i => Line($"l{i}", 0));

        Refused(RefusalReason.LimitTooMany, world.Buy("p1", 0, sale => sale with { Lines = [.. lines] }));
    }

    [Fact]
    public void A_sale_in_another_currency_is_refused()
    {
        Refused(
            RefusalReason.CurrencyMismatch,
            world.Buy("p1", 100, sale => sale with { Total = new Money("EUR", 100) }));
    }

    [Fact]
    public void A_sale_needs_a_brand_a_store_of_that_brand_and_a_tenant()
    {
        Refused(RefusalReason.BrandNotFound, world.Buy("p1", 100, sale => sale with { Origin = new Origin("c", "") }));
        Refused(RefusalReason.BrandNotFound, world.Buy("p1", 100, sale => sale with { Origin = new Origin("c", "socks") }));
        Refused(
            RefusalReason.StoreNotFound,
            world.Buy("p1", 100, sale => sale with { Origin = World.Till with { StoreId = "hat1" } }));
        world.Set(world.TenantState with { Exists = false });
        Refused(RefusalReason.TenantNotFound, world.Buy("p1", 100));
    }

    [Fact]
    public void An_unknown_customer_or_card_buys_nothing()
    {
        Refused(RefusalReason.CustomerNotFound, world.Buy("p1", 100, sale => sale with { Customer = new("eve", null) }));
        Refused(RefusalReason.CustomerNotFound, world.Buy("p1", 100, sale => sale with { Customer = new(null, "9") }));
        Refused(RefusalReason.CustomerNotFound, world.Buy("p1", 100, sale => sale with { Customer = default }));
    }

    [Fact]
    public void An_import_enrolls_unknown_customers_by_their_id_or_card()
    {
        var byId = (PurchaseReceipt)world.Buy("p1", 100, sale => sale with
        {
            Customer = new("eve", null),
            EnrollsUnknown = true,
        }).Reply!;
        var byCard = (PurchaseReceipt)Import("p2").Reply!;
        var again = (PurchaseReceipt)Import("p3").Reply!;

        Assert.Equal("eve", byId.CustomerId);
        Assert.StartsWith("cus_", byCard.CustomerId, StringComparison.Ordinal);
        Assert.Equal(byCard.CustomerId, again.CustomerId);
        Assert.Equal(2_000, again.Balance.Available);
        Refused(RefusalReason.CardInUse, world.Enroll("bob", card: "4711"));

        Decision Import(string id) => world.Buy(id, 100, sale => sale with
        {
            Customer = new(null, "4711"),
            EnrollsUnknown = true,
        });
    }

    [Fact]
    public void An_import_does_not_bring_back_an_erased_customer()
    {
        world.Ask(turn => CustomerTurns.Erase(turn, World.Tenant, new EraseCustomer("ann", null, World.Till)));

        Refused(RefusalReason.CustomerNotFound, world.Buy("p1", 100, sale => sale with { EnrollsUnknown = true }));
    }

    [Fact]
    public void A_purchase_is_read_with_what_has_come_back_of_it()
    {
        world.Buy("p1", 1_000, sale => sale with { Lines = [Line("a", 400), Line("b", 600)] });
        world.Return("p1", "r1", new ReturnLine("b", 1, null));

        var view = (PurchaseView)Read("p1").Reply!;

        Assert.Equal(600, view.Returns.Amount);
        Assert.Equal(10_000, view.Purchase.Accrued);
        Refused(RefusalReason.PurchaseNotFound, Read("p9"));
    }

    [Fact]
    public void A_purchase_over_the_minimum_sends_a_joint_coupon_and_its_return_voids_it()
    {
        world.Set(world.TenantState with { Triggers = [Leg(500)] });

        world.Buy("small", 499);
        Assert.Empty(world.Sent);
        world.Buy("p1", 1_000, sale => sale with { Lines = [Line("a", 400), Line("b", 600)] });
        Assert.Equal(JointMessages.Issue, Assert.Single(world.Sent).Name);
        world.Return("p1", "r1", new ReturnLine("a", 1, null));
        Assert.Single(world.Sent);
        world.Return("p1", "r2");

        Assert.Equal([JointMessages.Issue, JointMessages.Void], world.Sent.Select(effect => effect.Name));
        Assert.Equal(PartitionId.Agreement("agr"), world.Sent[1].To);
    }

    private static PurchaseLine Line(string id, long cents) => new(id, null, "boots", 1, cents);

    private static TriggerLeg Leg(long minimum) => new(
        "agr", "leg", "shoes", minimum, [], Convert.ToBase64String(new byte[32]));

    private Decision Read(string purchaseId) => world.Ask(turn =>
        PurchaseTurns.Read(turn, World.Tenant, "shoes", "pos", purchaseId));
}
