using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Purchases;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Tests.Customers;

/// <summary>Cashiers' errors: sales that never were, and sales of another customer.</summary>
public sealed class CorrectionTests
{
    private readonly World world = new();

    public CorrectionTests()
    {
        world.Enroll();
        world.Enroll("bob");
    }

    [Fact]
    public void A_void_takes_back_what_the_sale_brought()
    {
        world.Buy("p1", 1_000);
        world.Buy("p2", 500);

        var receipt = Assert.IsType<VoidReceipt>(world.Void("p1").Reply);

        Assert.Equal((1_000, 10_000, 0, 0), (receipt.Void.Amount, receipt.Void.Reversed, receipt.Void.Debt, receipt.Void.Forgiven));
        Assert.Equal((5_000, 1, 500), (world.Balance().Available, world.Customer().PurchaseCount, world.Customer().Spend));
        Assert.Equal(world.Balance(), receipt.Balance);
    }

    [Fact]
    public void Spent_points_of_a_voided_sale_are_owed_where_the_program_allows_debt()
    {
        world.Buy("p1", 1_000);
        world.Redeem(4_000);

        Assert.Equal(4_000, ((VoidReceipt)world.Void("p1").Reply!).Void.Debt);
        Assert.Equal((0, 4_000), (world.Balance().Available, world.Balance().Negative));
    }

    [Fact]
    public void A_sale_is_voided_on_its_stores_own_day_only()
    {
        // Noon in New York is the second of March in Tokyo already.
        world.Buy("p1", 1_000, sale => sale with { Origin = World.Till with { StoreId = "tokyo" } });
        world.Advance(Duration.FromHours(10));
        Assert.Null(world.Decide(turn => CorrectionTurns.Void(turn, World.Tenant, Command("p1"))).Refusal);

        world.Advance(Duration.FromHours(13));

        var refusal = world.Void("p1", Admin).Refusal!;
        Assert.Equal(RefusalReason.TooLate, refusal.Reason);
        Assert.Contains(new RefusalDetail("last_date", "2017-03-02"), refusal.Details);
    }

    [Fact]
    public void A_void_refuses_what_is_not_there_voided_or_returned()
    {
        world.Buy("p1", 1_000);
        world.Buy("p2", 1_000, sale => sale with { Lines = [new("a", null, null, 2, 1_000)] });
        world.Void("p1");
        world.Return("p2", "r1", new ReturnLine("a", 1, null));

        Assert.Equal(RefusalReason.PurchaseNotFound, world.Void("p9").Refusal!.Reason);
        Assert.Equal(RefusalReason.PurchaseVoided, world.Void("p1").Refusal!.Reason);
        Assert.Equal(RefusalReason.PurchaseReturned, world.Void("p2").Refusal!.Reason);
        Assert.Equal(RefusalReason.PurchaseVoided, world.Return("p1", "r2").Refusal!.Reason);
        Assert.Equal(RefusalReason.PurchaseVoided, world.Reassign("p1", "bob").Refusal!.Reason);
    }

    [Fact]
    public void A_till_voids_only_what_its_own_store_sold()
    {
        world.Buy("p1", 1_000);

        Assert.Equal(RefusalReason.PurchaseNotFound, world.Void("p1", World.Till with { StoreId = "tokyo" }).Refusal!.Reason);
        Assert.Null(world.Void("p1", Admin).Refusal);
    }

    [Fact]
    public void A_reassigned_sale_moves_with_its_lot_and_expiry()
    {
        world.Buy("p1", 1_000);
        var before = world.Customer().Lots[0];
        world.Advance(Duration.FromDays(3));

        var receipt = Assert.IsType<ReassignReceipt>(world.Reassign("p1", "bob").Reply);

        var lot = Assert.Single(world.Customer("bob").Lots);
        Assert.Equal(
            (before.ExpiresAt, before.RuleVersion, before.BrandId, before.ActiveFrom, 10_000L),
            (lot.ExpiresAt, lot.RuleVersion, lot.BrandId, lot.ActiveFrom, lot.Remaining));
        Assert.Equal((0, 0, 0), (world.Balance().Available, world.Customer().PurchaseCount, world.Customer().Spend));
        Assert.Equal((1, 1_000), (world.Customer("bob").PurchaseCount, world.Customer("bob").Spend));
        Assert.Equal((world.Balance("bob"), "ann"), (receipt.Balance, receipt.From));
    }

    [Fact]
    public void Points_that_the_first_customer_spent_are_his_debt_and_pay_the_others()
    {
        world.Buy("p0", 300, sale => sale with { Customer = new CustomerRef("bob", null) });
        world.Redeem(3_000, "bob");
        world.Return("p0", "r0");
        world.Buy("p1", 1_000);
        world.Redeem(4_000);

        world.Reassign("p1", "bob");

        Assert.Equal((0, 4_000), (world.Balance().Available, world.Balance().Negative));
        Assert.Equal((7_000, 0), (world.Balance("bob").Available, world.Balance("bob").Negative));
    }

    [Fact]
    public void Returns_and_a_void_concern_whoever_has_the_sale_now()
    {
        world.Buy("p1", 1_000);
        world.Buy("p2", 500);
        world.Reassign("p1", "bob");
        world.Reassign("p2", "bob");

        world.Return("p1", "r1");
        world.Void("p2");

        Assert.Equal((0, 0), (world.Balance("bob").Available, world.Balance("bob").Negative));
        Assert.Equal((0, 0), (world.Balance().Available, world.Balance().Negative));
    }

    [Fact]
    public void A_sale_goes_to_another_customer_once_and_not_for_ever()
    {
        world.SetProgram(program => program with { Tills = new TillRules(ReassignDays: 5) });
        world.Enroll("eve");
        world.Buy("p1", 1_000);
        world.Buy("p2", 1_000);
        Assert.Equal(RefusalReason.FieldInvalid, world.Reassign("p1", "ann").Refusal!.Reason);
        Assert.Equal(RefusalReason.CustomerNotFound, world.Reassign("p1", "nobody").Refusal!.Reason);
        Assert.Null(world.Reassign("p1", "bob").Refusal);
        Assert.Equal(RefusalReason.PurchaseReassigned, world.Reassign("p1", "eve").Refusal!.Reason);

        world.Advance(Duration.FromDays(5));
        Assert.Null(world.Decide(turn => CorrectionTurns.Reassign(turn, World.Tenant, Moving("p2", "bob"))).Refusal);
        world.Advance(Duration.FromDays(1));
        Assert.Equal(RefusalReason.TooLate, world.Reassign("p2", "bob").Refusal!.Reason);
    }

    private static Origin Admin => new("cre_0", "shoes");

    private static VoidPurchase Command(string purchaseId) => new("pos", purchaseId, "typed twice", Admin);

    private static ReassignPurchase Moving(string purchaseId, string to) => new("pos", purchaseId, to, "forgot the card", Admin);
}
