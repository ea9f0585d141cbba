using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Joint coupons that wait for an order at the redeeming brand (CP2).</summary>
public sealed class JointReservationTests
{
    private static readonly Duration Hour = Duration.FromHours(1);

    private readonly JointScene scene = new JointScene().Active();

    [Fact]
    public void A_reserved_coupon_is_its_orders_to_the_last_instant_and_then_free_by_itself()
    {
        scene.Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];
        var (own, reserved) = scene.Reserve(Shoes, code, Hour);
        Assert.Equal((199L, scene.Now + Hour), (((CouponReservation)reserved.Reply!).DiscountMinorUnits, ((CouponReservation)reserved.Reply).ExpiresAt));

        scene.Move(scene.Now + Hour - Duration.FromNanoseconds(1));
        Assert.Equal(RefusalReason.ReservedElsewhere, scene.Reserve(Shoes, code, Hour).Decision.Refusal?.Reason);
        Assert.Equal(RefusalReason.ReservedElsewhere, scene.Redeem(Shoes, code).Refusal?.Reason);
        Assert.Equal(RefusalReason.ReservationNotFound, scene.RedeemReserved(Shoes, code, "rsv_other").Refusal?.Reason);
        scene.Move(scene.Now + Duration.FromNanoseconds(1));

        Assert.False(((CouponRelease)scene.Release(Shoes, own).Reply!).WasOpen);
        Assert.Null(scene.Redeem(Shoes, code).Refusal);
        Assert.Equal(66, scene.Account.SecondNet);
    }

    [Fact]
    public void The_order_redeems_what_it_reserved_and_a_canceled_one_gives_it_back()
    {
        scene.Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];
        var (canceled, _) = scene.Reserve(Shoes, code, Hour);
        Assert.Equal(RefusalReason.ReservationNotFound, scene.Release(Bakery, canceled).Refusal?.Reason);
        Assert.True(((CouponRelease)scene.Release(Shoes, canceled).Reply!).WasOpen);

        var (own, _) = scene.Reserve(Shoes, code, Hour);
        Assert.Null(scene.RedeemReserved(Shoes, code, own).Refusal);

        Assert.Equal(RefusalReason.AlreadyRedeemed, scene.Reserve(Shoes, code, Hour).Decision.Refusal?.Reason);
        Assert.Equal((1, 1, 0, 0, 0, 0), scene.Counts("1"));
    }

    [Fact]
    public void A_reservation_neither_outlasts_the_coupon_nor_a_return_of_the_purchase_that_gave_it()
    {
        scene.Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];
        scene.Move(LastInstantOf(2017, 5, 31));
        var (own, reserved) = scene.Reserve(Shoes, code, Duration.FromDays(7));
        Assert.Equal(scene.Now + Duration.FromNanoseconds(1), ((CouponReservation)reserved.Reply!).ExpiresAt);

        scene.Return(Bakery, "p-1");

        Assert.Equal(RefusalReason.Voided, scene.RedeemReserved(Shoes, code, own).Refusal?.Reason);
        Assert.False(((CouponRelease)scene.Release(Shoes, own).Reply!).WasOpen);
    }

    /// <summary>
    /// A coupon is redeemed by the order that holds it, or by anybody while nobody does, and once.
    /// Method: reservations, releases, redemptions and jumps of time in random order; beside the grain one line says who
    /// holds the coupon and until when.
    /// </summary>
    [Fact]
    public void A_held_coupon_is_redeemed_by_its_holder_only() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(80).WithEndSize(60),
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), steps => Live(steps)));

    private static void Live(byte[] steps)
    {
        var scene = new JointScene().Active();
        scene.Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];
        var (holder, until, orders, isUsed) = ("", Instant.MinValue, new List<string>(), false);
        foreach (var step in steps)
        {
            scene.Move(scene.Now + Duration.FromMinutes(step % 7 == 0 ? step : 0));
            if (until <= scene.Now) holder = "";
            var order = orders.Count == 0 ? "" : orders[step / 4 % orders.Count];
            if (step % 4 == 0)
            {
                var (id, decision) = scene.Reserve(Shoes, code, Hour);
                Assert.Equal(holder.Length == 0 && !isUsed, decision.Refusal is null);
                if (decision.Refusal is not null) continue;
                (holder, until) = (id, scene.Now + Hour);
                orders.Add(id);
            }
            else if (step % 4 == 1 && order.Length > 0)
            {
                Assert.Equal(holder == order && !isUsed, ((CouponRelease)scene.Release(Shoes, order).Reply!).WasOpen);
                if (holder == order) holder = "";
            }
            else if (step % 4 == 2)
            {
                var isFree = holder.Length == 0 && !isUsed;
                Assert.Equal(isFree, scene.Redeem(Shoes, code).Refusal is null);
                isUsed |= isFree;
            }
            else if (holder.Length > 0 && !isUsed)
            {
                Assert.Null(scene.RedeemReserved(Shoes, code, holder).Refusal);
                isUsed = true;
            }
        }

        Assert.Equal(isUsed ? 66 : 0, scene.Account.SecondNet);
    }
}
