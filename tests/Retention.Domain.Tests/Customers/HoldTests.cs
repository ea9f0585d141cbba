using NodaTime;
using Retention.Domain.Customers;
using Retention.Kernel;

namespace Retention.Domain.Tests.Customers;

/// <summary>Points that are set aside for a redemption to come.</summary>
public sealed class HoldTests
{
    private static readonly Duration Hour = Duration.FromHours(1);

    private readonly World world = new();

    public HoldTests()
    {
        world.Enroll();
        world.Buy("p1", 1_000);
    }

    [Fact]
    public void Held_points_are_nobody_elses_until_their_time_is_over()
    {
        Authorize(6_000);

        Assert.Equal((4_000, 6_000), (world.Balance().Available, world.Balance().Held));
        Assert.Equal(RefusalReason.InsufficientPoints, world.Redeem(4_001).Refusal!.Reason);
        world.Advance(Hour);
        Assert.Equal((10_000, 0), (world.Balance().Available, world.Balance().Held));
        Assert.Null(world.Redeem(10_000).Refusal);
    }

    [Fact]
    public void A_capture_redeems_a_part_once_and_gives_the_rest_back()
    {
        var hold = Authorize(6_000);

        Assert.Equal(RefusalReason.InsufficientPoints, world.Capture(hold, 6_001).Refusal!.Reason);
        var captured = Assert.IsType<CaptureReceipt>(world.Capture(hold, 1_500).Reply);

        Assert.Equal((8_500, 0), (captured.Balance.Available, captured.Balance.Held));
        Assert.Equal(RefusalReason.HoldEnded, world.Capture(hold).Refusal!.Reason);
        Assert.Equal(RefusalReason.HoldEnded, world.VoidHold(hold).Refusal!.Reason);
        Assert.Null(world.Reverse(captured.Captured.RedemptionId).Refusal);
        Assert.Equal(10_000, world.Balance().Available);
    }

    [Fact]
    public void A_void_gives_everything_back_and_a_late_capture_gets_nothing()
    {
        var (first, second) = (Authorize(6_000), Authorize(4_000));

        Assert.Null(world.VoidHold(first).Refusal);
        world.Advance(Hour);

        Assert.Equal(RefusalReason.HoldEnded, world.Capture(second).Refusal!.Reason);
        Assert.Equal(RefusalReason.HoldNotFound, world.Capture("hold_0").Refusal!.Reason);
        Assert.Equal(10_000, world.Balance().Available);
    }

    [Fact]
    public void Points_that_come_back_pay_a_debt_first()
    {
        Authorize(10_000);
        world.Return("p1", "r1");
        Assert.Equal(10_000, world.Balance().Negative);

        world.Advance(Hour);
        Assert.Equal((0, 0), (world.Balance().Available, world.Balance().Negative));
        world.Buy("p2", 500);
        Assert.Equal((5_000, 0), (world.Balance().Available, world.Balance().Negative));
    }

    [Fact]
    public void Points_that_expire_while_they_are_held_may_be_captured()
    {
        world.SetProgram(program => program with { LotDays = 1 });
        world.Buy("p2", 100);
        world.Redeem(1_000);
        world.Buy("p3", 300);
        var hold = ((HoldReceipt)world.Authorize(3_000, Duration.FromDays(3)).Reply!).Held.HoldId;
        world.Advance(Duration.FromDays(2));

        Assert.Null(world.Capture(hold).Refusal);
        Assert.Equal(10_000, world.Balance().Available);
    }

    [Fact]
    public void A_customer_has_so_many_holds_at_most()
    {
        for (var i = 0; i < Holds.HoldsMax; i++) Authorize(1);

        Assert.Equal(RefusalReason.LimitTooMany, world.Authorize(1, Hour).Refusal!.Reason);
        world.Advance(Hour);
        Assert.Null(world.Authorize(1, Hour).Refusal);
    }

    private string Authorize(long millipoints) =>
        Assert.IsType<HoldReceipt>(world.Authorize(millipoints, Hour).Reply).Held.HoldId;
}
