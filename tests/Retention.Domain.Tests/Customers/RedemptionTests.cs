using NodaTime;
using Retention.Domain.Customers;
using Retention.Kernel;
using static Retention.Domain.Tests.Customers.EnrollmentTests;

namespace Retention.Domain.Tests.Customers;

public sealed class RedemptionTests
{
    private readonly World world = new();

    public RedemptionTests()
    {
        world.Enroll();
    }

    [Fact]
    public void Redemption_burns_the_lot_that_expires_first()
    {
        world.Buy("late", 1_000);
        world.Buy("soon", 400, sale => sale with { PurchasedAt = world.Now - Duration.FromDays(30) });

        var receipt = (RedemptionReceipt)world.Redeem(5_000).Reply!;

        Assert.Equal([(2L, 4_000L), (1L, 1_000L)], Parts(receipt.Redemption));
        Assert.Equal(9_000, receipt.Balance.Available);
        Assert.Equal(receipt.Balance, world.Balance());
    }

    [Fact]
    public void Of_lots_that_expire_together_the_older_burns_first()
    {
        world.Buy("noon", 1_000);
        world.Buy("morning", 1_000, sale => sale with { PurchasedAt = world.Now - Duration.FromHours(3) });

        Assert.Equal([(2L, 10_000L), (1L, 1L)], Parts(((RedemptionReceipt)world.Redeem(10_001).Reply!).Redemption));
    }

    [Fact]
    public void All_points_but_not_one_more_can_be_redeemed()
    {
        world.Buy("p1", 1_000);

        Refused(RefusalReason.InsufficientPoints, world.Redeem(10_001));
        Assert.Null(world.Redeem(10_000).Refusal);
        Refused(RefusalReason.InsufficientPoints, world.Redeem(1));
    }

    [Fact]
    public void Expired_points_cannot_be_redeemed()
    {
        world.Buy("p1", 1_000);
        world.Now = world.Customer().Lots[0].ExpiresAt;

        Refused(RefusalReason.InsufficientPoints, world.Redeem(1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Only_a_positive_number_of_points_is_redeemed(long millipoints)
    {
        Refused(RefusalReason.PointsMustBePositive, world.Redeem(millipoints));
    }

    [Fact]
    public void An_unknown_customer_redeems_nothing()
    {
        Refused(RefusalReason.CustomerNotFound, world.Redeem(1, "eve"));
    }

    [Fact]
    public void A_reversal_restores_the_lots_as_they_were()
    {
        world.Buy("late", 1_000);
        world.Buy("soon", 400, sale => sale with { PurchasedAt = world.Now - Duration.FromDays(30) });
        var before = world.Customer().Lots.Select(lot => (lot.Number, lot.Remaining, lot.ExpiresAt)).ToList();
        var redemption = ((RedemptionReceipt)world.Redeem(5_000).Reply!).Redemption;

        var receipt = (ReversalReceipt)world.Reverse(redemption.RedemptionId).Reply!;

        Assert.Equal(before, world.Customer().Lots.Select(lot => (lot.Number, lot.Remaining, lot.ExpiresAt)));
        Assert.Equal(14_000, receipt.Balance.Available);
    }

    [Fact]
    public void Points_that_expired_meanwhile_stay_expired_after_a_reversal()
    {
        world.Buy("p1", 1_000);
        var redemption = ((RedemptionReceipt)world.Redeem(5_000).Reply!).Redemption;
        world.Now = world.Customer().Lots[0].ExpiresAt;

        var receipt = (ReversalReceipt)world.Reverse(redemption.RedemptionId).Reply!;

        Assert.Equal(0, receipt.Balance.Available);
        Assert.Equal(10_000, world.Customer().Lots[0].Remaining);
    }

    [Fact]
    public void A_redemption_is_reversed_once()
    {
        world.Buy("p1", 1_000);
        var redemption = ((RedemptionReceipt)world.Redeem(5_000).Reply!).Redemption;
        world.Reverse(redemption.RedemptionId);

        Refused(RefusalReason.RedemptionAlreadyReversed, world.Reverse(redemption.RedemptionId));
    }

    [Fact]
    public void Restored_points_pay_a_debt_first()
    {
        world.Buy("p1", 1_000);
        var redemption = ((RedemptionReceipt)world.Redeem(10_000).Reply!).Redemption;
        world.Return("p1", "r1");
        Assert.Equal(10_000, world.Balance().Negative);

        world.Reverse(redemption.RedemptionId);

        Assert.Equal(new PointsBalance(0, 0, null, 0), world.Balance());
    }

    [Fact]
    public void An_unknown_redemption_and_the_key_of_another_change_are_not_found()
    {
        world.Buy("p1", 1_000);

        Refused(RefusalReason.RedemptionNotFound, world.Reverse("red_1"));
        Refused(RefusalReason.RedemptionNotFound, world.Reverse(CustomerIds.Redemption(World.Tenant, "nothing")));
        var purchase = LedgerKey.Purchase(World.Tenant, "shoes", "pos", "p1").Value.ToString("x32", null);
        Refused(RefusalReason.RedemptionNotFound, world.Reverse("red_" + purchase));
    }

    [Fact]
    public void Redemption_needs_a_tenant_and_a_place_that_exist()
    {
        var command = new RedeemPoints(new("ann", null), "red_1", 1, null, null, null, World.Till with { StoreId = "s9" });

        Refused(RefusalReason.StoreNotFound, world.Ask(turn => LoyaltyTurns.Redeem(turn, World.Tenant, command)));
        world.Set(world.TenantState with { Exists = false });
        Refused(RefusalReason.TenantNotFound, world.Redeem(1));
        Refused(RefusalReason.TenantNotFound, world.Reverse("red_1"));
    }

    private static IEnumerable<(long, long)> Parts(PointsRedeemed redemption) =>
        redemption.Slices.Select(slice => (slice.Number, slice.Millipoints));
}
