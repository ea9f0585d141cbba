using NodaTime;
using Retention.Domain.Customers;

namespace Retention.Domain.Tests.Customers;

public sealed class LotBoundTests
{
    private readonly World world = new();

    public LotBoundTests()
    {
        world.Enroll();
    }

    [Fact]
    public void Lots_of_one_day_are_pooled_beyond_the_bound_and_no_point_is_lost()
    {
        BuyMany(1_000);

        Assert.InRange(world.Customer().Lots.Length, 1, Lots.KeptMax);
        Assert.Equal(1_000_000, world.Balance().Available);
    }

    [Fact]
    public void A_purchase_of_a_pooled_lot_comes_back_from_its_pool()
    {
        BuyMany(200);
        world.Buy("soon", 100, sale => sale with { PurchasedAt = world.Now - Duration.FromDays(30) });

        world.Return("p3", "r1");

        Assert.Equal(1_000, world.Customer().Lots[0].Remaining);
        Assert.Equal(200_000, world.Balance().Available);
    }

    [Fact]
    public void A_redemption_from_lots_that_were_pooled_since_is_restored_to_their_expiry()
    {
        BuyMany(10);
        var redemption = ((RedemptionReceipt)world.Redeem(10_000).Reply!).Redemption;
        var expiry = world.Customer().Lots[0].ExpiresAt;
        BuyMany(300, "q");

        world.Reverse(redemption.RedemptionId);

        Assert.Equal(310_000, world.Balance().Available);
        Assert.Equal((expiry, 310_000), (world.Balance().NextExpiryAt, world.Balance().NextExpiry));
        Assert.All(world.Customer().Lots, lot => Assert.True(lot.Accrued >= lot.Remaining));
    }

    [Fact]
    public void A_redemption_from_lots_that_are_forgotten_is_restored_with_their_expiry()
    {
        BuyMany(1);
        var redemption = ((RedemptionReceipt)world.Redeem(1_000).Reply!).Redemption;
        var expiry = world.Customer().Lots[0].ExpiresAt;
        world.Advance(Duration.FromDays(2));
        BuyMany(300, "q");

        world.Reverse(redemption.RedemptionId);

        Assert.Equal((expiry, 1_000), (world.Balance().NextExpiryAt, world.Balance().NextExpiry));
    }

    [Fact]
    public void Points_of_a_forgotten_dead_lot_are_not_taken_a_second_time()
    {
        world.Buy("old", 1_000);
        world.Now = world.Customer().Lots[0].ExpiresAt;
        BuyMany(200);
        Assert.DoesNotContain(world.Customer().Lots, lot => lot.PurchaseId == "old");

        var receipt = (ReturnReceipt)world.Return("old", "r1").Reply!;

        Assert.Equal(10_000, receipt.Return.Dead);
        Assert.Equal(200_000, world.Balance().Available);
    }

    private void BuyMany(int count, string prefix = "p")
    {
        for (var i = 1; i <= count; i++)
        {
            world.Buy($"{prefix}{i}", 100);
        }
    }
}
