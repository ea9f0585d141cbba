using NodaTime;
using Retention.Domain.Customers;
using Retention.Kernel;
using static Retention.Domain.Tests.Customers.EnrollmentTests;

namespace Retention.Domain.Tests.Customers;

public sealed class ReturnTests
{
    private readonly World world = new();

    public ReturnTests()
    {
        world.Enroll();
    }

    [Fact]
    public void A_whole_return_takes_back_all_that_was_accrued()
    {
        world.Buy("p1", 1_099);

        var receipt = (ReturnReceipt)world.Return("p1", "r1").Reply!;

        Assert.Equal((1_099, 10_000), (receipt.Return.Amount, receipt.Return.Reversed));
        Assert.Equal(new PointsBalance(0, 0, null, 0), receipt.Balance);
        Assert.Equal(0, world.Customer().Spend);
    }

    [Fact]
    public void Partial_returns_reverse_their_share_and_the_last_takes_the_rest()
    {
        Basket(("a", 1, 333), ("b", 1, 333), ("c", 1, 334));
        world.SetProgram(program => program with { MillipointsPerUnit = 1 });

        var shares = new[] { "a", "b", "c" }.Select(line => Reversed(world.Return("p1", "r" + line, Line(line, 1)))).ToList();

        Assert.Equal([3_330, 3_330, 3_340], shares);
        Assert.Equal(0, world.Balance().Available);
    }

    [Fact]
    public void A_share_is_rounded_down()
    {
        Basket(("a", 1, 500), ("b", 1, 599));

        // 10,000 millipoints for 10.99: 5.00 brought 4,549.59 of them. What the rounding left is not lost.
        Assert.Equal(4_549, Reversed(world.Return("p1", "r1", Line("a", 1))));
        Assert.Equal(5_451, Reversed(world.Return("p1", "r2", Line("b", 1))));
        Assert.Equal(new PointsBalance(0, 0, null, 0), world.Balance());
    }

    [Fact]
    public void Pieces_of_a_line_come_back_one_by_one_at_their_share_of_its_amount()
    {
        Basket(("a", 3, 1_000));

        var amounts = Enumerable.Range(1, 3)
            .Select(i => ((ReturnReceipt)world.Return("p1", $"r{i}", Line("a", 1)).Reply!).Return.Amount);

        Assert.Equal([333, 333, 334], amounts);
    }

    [Fact]
    public void Points_of_a_returned_purchase_come_from_its_own_lot_first()
    {
        world.Buy("first", 1_000, sale => sale with { PurchasedAt = world.Now - Duration.FromDays(30) });
        world.Buy("second", 1_000);

        world.Return("second", "r1");

        Assert.Equal([(1L, 10_000L), (2L, 0L)], world.Customer().Lots.Select(lot => (lot.Number, lot.Remaining)));
    }

    [Fact]
    public void Spent_points_come_from_other_lots_then_as_debt_that_the_next_purchase_pays()
    {
        world.Buy("first", 1_000);
        world.Buy("second", 1_000);
        world.Redeem(15_000);

        var receipt = (ReturnReceipt)world.Return("first", "r1").Reply!;
        Assert.Equal((5_000, 0), (receipt.Return.Debt, receipt.Return.Forgiven));
        Assert.Equal(new PointsBalance(0, 5_000, null, 0), receipt.Balance);

        var next = (PurchaseReceipt)world.Buy("third", 800).Reply!;
        Assert.Equal(5_000, next.Purchase.PaidDebt);
        Assert.Equal((3_000, 0), (next.Balance.Available, next.Balance.Negative));
    }

    [Fact]
    public void Nothing_is_redeemed_below_zero()
    {
        world.Buy("p1", 1_000);
        world.Redeem(10_000);
        world.Return("p1", "r1");

        Refused(RefusalReason.InsufficientPoints, world.Redeem(1));
    }

    [Fact]
    public void A_program_without_debt_forgives_what_was_spent()
    {
        world.SetProgram(program => program with { ReturnMayGoNegative = false });
        world.Buy("p1", 1_000);
        world.Redeem(4_000);

        var receipt = (ReturnReceipt)world.Return("p1", "r1").Reply!;

        Assert.Equal((0, 4_000), (receipt.Return.Debt, receipt.Return.Forgiven));
        Assert.Equal(0, receipt.Balance.Negative);
    }

    [Fact]
    public void Points_that_expired_unspent_are_not_taken_a_second_time()
    {
        world.Buy("old", 1_000);
        world.Redeem(4_000);
        world.Now = world.Customer().Lots[0].ExpiresAt;
        world.Buy("new", 1_000);

        world.Return("old", "r1");

        // 6 points were dead already; the 4 spent ones come from the other lot.
        Assert.Equal(6_000, world.Balance().Available);
    }

    [Fact]
    public void Points_dead_on_arrival_pay_no_debt()
    {
        world.Buy("p1", 1_000);
        world.Redeem(10_000);
        world.Return("p1", "r1");

        world.Buy("old", 1_000, sale => sale with { PurchasedAt = world.Now - Duration.FromDays(400) });

        Assert.Equal(10_000, world.Balance().Negative);
    }

    [Fact]
    public void A_return_keeps_the_rule_of_its_sale()
    {
        world.Buy("p1", 1_000);
        world.SetProgram(program => program with { Version = 2, MillipointsPerUnit = 50_000 });

        Assert.Equal(10_000, Reversed(world.Return("p1", "r1")));
    }

    [Fact]
    public void More_than_was_bought_cannot_come_back()
    {
        Basket(("a", 2, 500), ("b", 1, 500));

        Refused(RefusalReason.ReturnExceedsPurchase, world.Return("p1", "r1", Line("a", 3)));
        Refused(RefusalReason.ReturnExceedsPurchase, world.Return("p1", "r1", new ReturnLine("a", 1, Usd(501))));
        world.Return("p1", "r1", Line("a", 2));
        Refused(RefusalReason.ReturnExceedsPurchase, world.Return("p1", "r2", Line("a", 1)));
        Assert.Null(world.Return("p1", "r2").Refusal);
        Refused(RefusalReason.ReturnExceedsPurchase, world.Return("p1", "r3"));
    }

    [Fact]
    public void An_unknown_line_or_purchase_cannot_come_back()
    {
        Basket(("a", 1, 500));

        Refused(RefusalReason.LineNotFound, world.Return("p1", "r1", Line("z", 1)));
        Refused(RefusalReason.PurchaseNotFound, world.Return("p9", "r1"));
    }

    [Fact]
    public void A_line_of_nothing_a_line_twice_and_a_negative_line_are_refused()
    {
        Basket(("a", 2, 500));

        Refused(RefusalReason.FieldInvalid, world.Return("p1", "r1", Line("a", 0)));
        Refused(RefusalReason.FieldInvalid, world.Return("p1", "r1", Line("a", -1)));
        Refused(RefusalReason.FieldInvalid, world.Return("p1", "r1", Line("a", 1), Line("a", 1)));
        Refused(RefusalReason.FieldInvalid, world.Return("p1", "r1", new ReturnLine("a", 1, Usd(-1))));
    }

    [Fact]
    public void A_return_in_another_currency_is_refused()
    {
        Basket(("a", 2, 500));

        Refused(
            RefusalReason.CurrencyMismatch,
            world.Return("p1", "r1", new ReturnLine("a", 1, new Money("EUR", 1))));
    }

    [Fact]
    public void A_return_of_more_lines_than_the_limit_is_refused()
    {
        Basket(("a", 2, 500));
        var lines = Enumerable.Range(0, PointsDecider.LinesMax + 1).Select(i => Line($"l{i}", 1)).ToArray();

        Refused(RefusalReason.LimitTooMany, world.Return("p1", "r1", lines));
    }

    [Fact]
    public void A_free_purchase_comes_back_once()
    {
        Basket(("a", 2, 0));

        Assert.Null(world.Return("p1", "r1", Line("a", 1)).Refusal);
        Assert.Null(world.Return("p1", "r2").Refusal);
        Refused(RefusalReason.ReturnExceedsPurchase, world.Return("p1", "r3"));
    }

    [Fact]
    public void A_return_needs_a_tenant_and_a_place_that_exist()
    {
        world.Buy("p1", 100);
        var command = new ReturnPurchase("pos", "p1", "r1", [], null, World.Till with { StoreId = "s9" });

        Refused(RefusalReason.StoreNotFound, world.Ask(turn =>
            Domain.Purchases.PurchaseTurns.Return(turn, World.Tenant, command)));
        world.Set(world.TenantState with { Exists = false });
        Refused(RefusalReason.TenantNotFound, world.Return("p1", "r1"));
    }

    private static ReturnLine Line(string id, long quantity) => new(id, quantity, null);

    private static Money Usd(long cents) => new("USD", cents);

    private static long Reversed(Decision decision) => ((ReturnReceipt)decision.Reply!).Return.Reversed;

    private void Basket(params (string Id, long Quantity, long Cents)[] lines) => world.Buy(
        "p1",
        lines.Sum(line => line.Cents),
        sale => sale with { Lines = [.. lines.Select(line => new PurchaseLine(line.Id, null, null, line.Quantity, line.Cents))] });
}
