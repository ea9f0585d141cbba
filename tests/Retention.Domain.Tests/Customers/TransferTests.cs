using NodaTime;
using Retention.Domain.Customers;
using Retention.Kernel;

namespace Retention.Domain.Tests.Customers;

/// <summary>Points that move without a sale.</summary>
public sealed class TransferTests
{
    private readonly World world = new();

    public TransferTests()
    {
        world.Enroll();
        world.Enroll("bob");
    }

    [Fact]
    public void A_transfer_keeps_expiry_and_takes_what_expires_first()
    {
        world.Buy("p1", 300);
        world.Advance(Duration.FromDays(1));
        world.Buy("p2", 500);
        var (first, second) = (world.Customer().Lots[0].ExpiresAt, world.Customer().Lots[1].ExpiresAt);

        var receipt = Assert.IsType<TransferReceipt>(world.Transfer("ann", "bob", 4_000).Reply);

        Assert.Equal(
            [(first, 3_000L), (second, 1_000L)],
            world.Customer("bob").Lots.Select(lot => (lot.ExpiresAt, lot.Remaining)));
        Assert.Equal((4_000, 4_000), (world.Balance().Available, world.Balance("bob").Available));
        Assert.Equal((world.Balance(), world.Balance("bob")), (receipt.From, receipt.To));
    }

    [Fact]
    public void A_transfer_pays_the_others_debt_first()
    {
        world.Buy("p1", 1_000);
        world.Buy("p2", 300, sale => sale with { Customer = new CustomerRef("bob", null) });
        world.Redeem(3_000, "bob");
        world.Return("p2", "r1");

        world.Transfer("ann", "bob", 5_000);

        Assert.Equal((2_000, 0), (world.Balance("bob").Available, world.Balance("bob").Negative));
    }

    [Fact]
    public void A_transfer_refuses_whom_it_does_not_know_one_and_the_same_and_too_much()
    {
        world.Buy("p1", 100);

        Assert.Contains(new RefusalDetail("field", "to_customer_id"), world.Transfer("ann", "nobody", 1).Refusal!.Details);
        Assert.Contains(new RefusalDetail("field", "from_customer_id"), world.Transfer("nobody", "ann", 1).Refusal!.Details);
        Assert.Equal(RefusalReason.FieldInvalid, world.Transfer("ann", "ann", 1).Refusal!.Reason);
        Assert.Equal(RefusalReason.InsufficientPoints, world.Transfer("ann", "bob", 1_001).Refusal!.Reason);
    }

    [Fact]
    public void An_adjustment_gives_a_lot_of_today_or_burns_the_soonest()
    {
        world.Buy("p1", 100);
        world.Advance(Duration.FromDays(1));

        Assert.Null(world.Adjust(5_000).Refusal);
        Assert.Null(world.Adjust(-2_000).Refusal);

        Assert.Equal([0L, 4_000L], world.Customer().Lots.Select(lot => lot.Remaining));
        Assert.Equal(RefusalReason.InsufficientPoints, world.Adjust(-4_001).Refusal!.Reason);
        Assert.Equal(RefusalReason.CustomerNotFound, world.Adjust(1, "nobody").Refusal!.Reason);
    }
}
