using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>A joint coupon among several codes of one order (CP6, JC10): all or none, once, whatever stops it in between.</summary>
public sealed class JointStackTests
{
    private readonly JointStacks shop = new();

    private JointScene Scene => shop.Scene;

    [Fact]
    public void The_joint_coupon_takes_what_the_chains_own_leave_and_clears_that()
    {
        var order = shop.Order("o-1", 300, Coupon("p-1"), "two");
        Assert.Null(order.Hold());
        Assert.Equal(RefusalReason.ReservedElsewhere, Scene.Redeem(Shoes, Coupon("p-1")).Refusal?.Reason);

        var (reply, _) = order.Decide();

        Assert.Equal([(1, 200L), (0, 100L)], reply!.Redemptions.Select(one => (one.Position, one.Redemption.DiscountMinorUnits)));
        Assert.Equal(0, Scene.Account.SecondNet);
        Scene.Books.Deliver();
        Assert.Equal((33, -33), (Scene.Account.SecondNet, Scene.Account.FirstNet));
        Assert.Equal(reply.Redemptions, shop.Order("o-1", 300, "x").Decide().Reply!.Redemptions);
        Assert.Equal(RefusalReason.AlreadyRedeemed, Scene.Redeem(Shoes, Coupon("p-1")).Refusal?.Reason);
    }

    [Fact]
    public void What_one_code_is_refused_for_gives_the_joint_coupon_back_at_once()
    {
        var code = Coupon("p-1");
        var order = shop.Order("o-1", 1000, code, "only");
        Assert.Null(order.Hold());
        var (_, refusal) = order.Decide();
        Assert.Equal((RefusalReason.ConditionNotMet, "0"), (refusal!.Reason, refusal.Details.Last().Value));

        order.GiveUp();

        Assert.Equal(0, Scene.Books.State<OfferState>(OfferGrains.OfferId(Shoes, "only")).RedeemedCount);
        Assert.Null(order.Decide().Reply);
        Assert.Null(Scene.Redeem(Shoes, code).Refusal);
    }

    [Fact]
    public void A_call_that_stopped_goes_on_with_the_same_order_and_others_get_the_coupon_when_the_hold_is_over()
    {
        var code = Coupon("p-1");
        var (first, second) = (shop.Order("o-1", 1000, code), shop.Order("o-1", 1000, code));
        Assert.Null(first.Hold());
        Assert.Null(second.Hold());
        Assert.Equal(first.Held.Single().RedemptionId, second.Held.Single().RedemptionId);
        Assert.Equal(RefusalReason.ReservedElsewhere, shop.Order("o-2", 1000, code).Hold()?.Reason);

        Scene.Move(Scene.Now + JointStackTurns.HoldFor - JointStackTurns.LeftToDecide);
        Assert.Equal(RefusalReason.ReservedElsewhere, first.Decide().Refusal?.Reason);
        Scene.Move(Scene.Now + JointStackTurns.LeftToDecide - Duration.FromNanoseconds(1));
        Assert.Equal(RefusalReason.ReservedElsewhere, shop.Order("o-2", 1000, code).Hold()?.Reason);
        Scene.Move(Scene.Now + Duration.FromNanoseconds(1));

        var other = shop.Order("o-2", 1000, code);
        Assert.Null(other.Hold());
        Assert.NotNull(other.Decide().Reply);
        Assert.Equal(RefusalReason.ReservedElsewhere, first.Hold()?.Reason);
        Scene.Books.Deliver();
        Assert.Equal(66, Scene.Account.SecondNet);
    }

    [Fact]
    public void An_order_that_was_given_up_halfway_holds_its_coupon_anew()
    {
        var (first, second) = (shop.Order("o-1", 1000, Coupon("p-1")), shop.Order("o-1", 1000, Coupon("p-1")));
        Assert.Null(first.Hold());
        first.GiveUp(stopped: true);

        Assert.Null(second.Hold());
        first.GiveUp();

        Assert.NotNull(second.Decide().Reply);
        second.GiveUp();
        Scene.Books.Deliver();
        Assert.Equal(66, Scene.Account.SecondNet);
    }

    [Fact]
    public void Nobody_gets_a_coupon_that_the_chain_decided_for_however_late_its_word_arrives()
    {
        var code = Coupon("p-1");
        var order = shop.Order("o-1", 1000, code);
        Assert.Null(order.Hold());
        Assert.NotNull(order.Decide().Reply);

        Scene.Move(LastInstantOf(2017, 5, 30));
        Assert.Equal(RefusalReason.AlreadyRedeemed, shop.Order("o-2", 1000, code).Hold()?.Reason);
        Assert.Equal(RefusalReason.AlreadyRedeemed, shop.Order("o-1", 1000, code).Hold()?.Reason);
        Assert.Contains(RefusalReason.AlreadyRedeemed, Failing(code));
        Scene.Move(LastInstantOf(2017, 6, 30));
        Scene.Books.Deliver();

        Assert.Equal((66, (1, 1, 0, 0, 0, 0)), (Scene.Account.SecondNet, Scene.Counts("1")));
    }

    [Fact]
    public void A_return_while_the_order_holds_the_coupon_is_one_of_a_used_coupon_or_voids_it_as_the_order_comes_out()
    {
        var (used, free) = (Coupon("p-1"), Coupon("p-2"));
        var (order, given) = (shop.Order("o-1", 1000, used), shop.Order("o-2", 1000, free));
        Assert.Null(order.Hold());
        Assert.Null(given.Hold());
        Scene.Return(Bakery, "p-1");
        Scene.Return(Bakery, "p-2");

        Assert.NotNull(order.Decide().Reply);
        Scene.Books.Deliver();
        given.GiveUp();

        Assert.Equal((0, (2, 1, 0, 0, 1, 1)), (Scene.Account.SecondNet, Scene.Counts("1")));
        Assert.Equal(RefusalReason.Voided, Scene.Redeem(Shoes, free).Refusal?.Reason);
    }

    [Fact]
    public void It_is_reversed_by_lines_and_as_a_whole_and_a_sale_that_names_it_is_its_sale()
    {
        var code = Coupon("p-1");
        var order = shop.Order("o-1", 300, code, "two");
        Assert.Null(order.Hold());
        var redemption = order.Held.Single().RedemptionId;
        Assert.Equal(RefusalReason.RedemptionNotFound, Scene.Reverse(Shoes, redemption).Refusal?.Reason);
        Assert.NotNull(order.Decide().Reply);
        Scene.Books.Deliver();

        var part = (CouponReversal)Scene.ReverseLines(Shoes, redemption, "r-1", new CouponReturnLine("1", 1, null)).Reply!;
        Assert.Equal((33L, false), (part.DiscountMinorUnits, part.IsWhole));
        Assert.Equal(23, Scene.Account.SecondNet);
        Scene.Sell(Shoes, "s-1", redemption);
        var whole = (CouponReversal)Scene.Reverse(Shoes, redemption).Reply!;

        Assert.Equal((67L, true, true), (whole.DiscountMinorUnits, whole.IsWhole, whole.IsReopened));
        Assert.Equal(0, Scene.Account.SecondNet);
        Scene.Books.Deliver(PartitionId.Tenant(Shoes), Scene.Books.Sent.First(effect => effect.Name == JointMessages.Stacked));
        Assert.Equal(0, Scene.Account.SecondNet);
        Assert.Null(Scene.Redeem(Shoes, code).Refusal);
    }

    private IEnumerable<RefusalReason> Failing(string code) => Scene.Books.Granted<CouponValidation>(turn => JointCouponTurns.Validate(
        turn, Scene.Asks(Shoes), Id, new RedeemCoupon(Shoes, "", code, "", "", "", null, ""))).Failing.Select(refusal => refusal.Reason);

    /// <summary>That of a purchase at the bakery, which is made the first time.</summary>
    private string Coupon(string purchase)
    {
        if (!coupons.TryGetValue(purchase, out var code))
        {
            var before = Scene.Wallet(Bakery);
            Scene.Buy(Bakery, purchase);
            coupons[purchase] = code = Scene.Wallet(Bakery).Except(before).Single();
        }

        return code;
    }

    private readonly Dictionary<string, string> coupons = [];
}
