using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

public sealed class JointCouponTests
{
    private readonly JointScene scene = new();

    [Fact]
    public void A_purchase_at_the_bakery_gives_a_coupon_for_the_shoe_shop_which_clears_when_redeemed()
    {
        scene.Active().Buy(Bakery, "p-1");
        var code = Assert.Single(scene.Wallet(Bakery));

        scene.Redeemed(Shoes, code);

        Assert.Equal((1, 1, 0, 0, 0, 0), scene.Counts("1"));
        Assert.Equal((-66, 66), (scene.Account.FirstNet, scene.Account.SecondNet));
        Assert.Empty(scene.Wallet(Bakery));
    }

    [Fact]
    public void The_mirrored_leg_clears_the_other_way_round()
    {
        scene.Active().Buy(Shoes, "p-1");

        scene.Redeemed(Bakery, Assert.Single(scene.Wallet(Shoes)));

        Assert.Equal((66, -66), (scene.Account.FirstNet, scene.Account.SecondNet));
    }

    [Fact]
    public void A_coupon_is_redeemed_once_and_only_at_the_brand_it_is_for()
    {
        scene.Active().Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];

        Assert.Equal(RefusalReason.CouponNotFound, scene.Redeem(Bakery, code).Refusal?.Reason);
        Assert.Equal(RefusalReason.CouponNotFound, scene.Redeem(Stranger, code).Refusal?.Reason);
        Assert.Equal(RefusalReason.CouponNotInCampaign, scene.Redeem(Shoes, code, campaign: "spring").Refusal?.Reason);
        Assert.Equal(RefusalReason.CouponNotFound, scene.Redeem(Shoes, "nothing").Refusal?.Reason);
        scene.Redeemed(Shoes, code.ToLowerInvariant());
        Assert.Equal(RefusalReason.AlreadyRedeemed, scene.Redeem(Shoes, code).Refusal?.Reason);
    }

    [Fact]
    public void A_small_basket_gets_and_clears_no_more_than_itself()
    {
        scene.Active().Buy(Bakery, "p-1");

        var redemption = (CouponRedemption)scene.Redeem(Shoes, scene.Wallet(Bakery)[0], 100).Reply!;

        Assert.Equal(100, redemption.DiscountMinorUnits);
        Assert.Equal(33, scene.Account.SecondNet);
    }

    [Fact]
    public void A_coupon_of_30_days_is_good_to_the_last_instant_of_day_30()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.Move(LastInstantOf(2017, 5, 31));

        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
    }

    [Fact]
    public void At_the_first_instant_of_day_31_it_is_expired()
    {
        scene.Active().Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];
        Assert.Equal((1, 0, 0, 1, 0, 0), scene.Counts("1"));

        scene.Move(At(new LocalDateTime(2017, 6, 1, 0, 0)));

        Assert.Equal(RefusalReason.AfterEnd, scene.Redeem(Shoes, code).Refusal?.Reason);
        Assert.Equal((1, 0, 1, 0, 0, 0), scene.Counts("1"));
    }

    [Fact]
    public void A_day_of_23_or_25_hours_is_one_day_of_validity()
    {
        // Clocks go forward on 2017-03-12 and back on 2017-11-05: both coupons end with that night.
        Assert.Equal(Noon(2017, 3, 11) + Duration.FromHours(35), ExpiryOf(Noon(2017, 3, 11), 1));
        Assert.Equal(Noon(2017, 11, 4) + Duration.FromHours(37), ExpiryOf(Noon(2017, 11, 4), 1));
    }

    [Fact]
    public void The_leap_day_counts_as_a_day()
    {
        Assert.Equal(Zone.AtStartOfDay(new LocalDate(2016, 3, 1)).ToInstant(), ExpiryOf(Noon(2016, 2, 28), 1));
        Assert.Equal(Zone.AtStartOfDay(new LocalDate(2017, 3, 2)).ToInstant(), ExpiryOf(Noon(2017, 2, 28), 1));
    }

    [Fact]
    public void No_more_coupons_are_open_than_the_terms_allow_and_a_suppressed_one_is_not_made_up_for()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2");
        Assert.Equal([SuppressionReason.MaxOpenPerCustomer], scene.Suppressions);

        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        Assert.Empty(scene.Wallet(Bakery));
        scene.Buy(Bakery, "p-3");

        Assert.Equal((2, 1, 0, 1, 0, 0), scene.Counts("1"));
        Assert.Equal(1, scene.Account.First.Suppressed);
    }

    [Fact]
    public void An_outdated_coupon_makes_room_for_a_new_one_and_another_customer_has_room_of_his_own()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2", "bert");
        scene.Move(At(new LocalDateTime(2017, 6, 1, 0, 0)));
        scene.Buy(Bakery, "p-3");

        Assert.Equal((3, 0, 2, 1, 0, 0), scene.Counts("1"));
        Assert.Empty(scene.Suppressions);
    }

    [Fact]
    public void The_monthly_cap_counts_issues_to_the_last_instant_of_the_month()
    {
        scene.Active(Terms with { MaxOpenPerCustomer = 0, MaxIssuedPerCustomerMonth = 2 });
        scene.Buy(Bakery, "p-1");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Buy(Bakery, "p-2");
        scene.Return(Bakery, "p-2");
        scene.Move(LastInstantOf(2017, 5, 31));
        scene.Buy(Bakery, "p-3");
        Assert.Equal([SuppressionReason.MaxIssuedPerCustomerMonth], scene.Suppressions);

        scene.Move(At(new LocalDateTime(2017, 6, 1, 0, 0)));
        scene.Buy(Bakery, "p-4");

        Assert.Equal((3, 1, 0, 1, 1, 0), scene.Counts("1"));
    }

    [Fact]
    public void A_paused_agreement_issues_nothing_and_honors_what_runs()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.SendPurchase(Bakery, "p-2", "bert");
        scene.Pause(Shoes);
        scene.Books.Deliver();
        scene.Buy(Bakery, "p-3", "bert");

        Assert.Equal([SuppressionReason.NotActive], scene.Suppressions);
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
    }

    [Fact]
    public void An_ended_agreement_honors_its_running_coupons_and_returns()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2", "bert");
        scene.End(Bakery);
        scene.Books.Deliver();

        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Return(Bakery, "p-2", "bert");

        Assert.Equal((2, 1, 0, 0, 1, 0), scene.Counts("1"));
    }

    [Fact]
    public void The_return_of_the_purchase_voids_its_open_coupon()
    {
        scene.Active().Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];

        scene.Return(Bakery, "p-1");
        scene.Return(Bakery, "p-1");

        Assert.Equal((1, 0, 0, 0, 1, 0), scene.Counts("1"));
        Assert.Empty(scene.Wallet(Bakery));
        Assert.Equal(RefusalReason.Voided, scene.Redeem(Shoes, code).Refusal?.Reason);
    }

    [Fact]
    public void The_return_of_the_purchase_leaves_an_outdated_coupon_expired()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.Move(At(new LocalDateTime(2017, 6, 1, 0, 0)));

        scene.Return(Bakery, "p-1");

        Assert.Equal((1, 0, 1, 0, 0, 0), scene.Counts("1"));
    }

    [Fact]
    public void The_return_of_the_purchase_claws_back_a_used_coupon_once_where_the_terms_mirror()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);

        scene.Return(Bakery, "p-1");
        scene.Return(Bakery, "p-1");

        Assert.Equal((1, 1, 0, 0, 0, 1), scene.Counts("1"));
        Assert.Equal((0, 0), (scene.Account.FirstNet, scene.Account.SecondNet));
    }

    [Fact]
    public void The_issuer_bears_a_used_coupon_where_the_terms_do_not_mirror()
    {
        scene.Active(Terms with { MirrorsReturns = false }).Buy(Bakery, "p-1");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);

        scene.Return(Bakery, "p-1");

        Assert.Equal((1, 1, 0, 0, 0, 0), scene.Counts("1"));
        Assert.Equal(66, scene.Account.SecondNet);
    }

    [Theory]
    [InlineData(8, 0)]
    [InlineData(9, 66)]
    public void A_used_coupon_is_clawed_back_to_the_last_claw_back_day(int day, long owed)
    {
        scene.Active(Terms with { ClawBackDays = 7 }).Buy(Bakery, "p-1");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);

        scene.Move(LastInstantOf(2017, 5, day));
        scene.Return(Bakery, "p-1");

        Assert.Equal(owed, scene.Account.SecondNet);
    }

    [Fact]
    public void A_return_that_arrives_before_its_purchase_still_wins()
    {
        scene.Active();
        scene.Return(Bakery, "p-1");
        scene.Buy(Bakery, "p-1");

        Assert.Equal((0, 0, 0, 0, 0, 0), scene.Counts("1"));
        Assert.Equal([SuppressionReason.Returned], scene.Suppressions);
        Assert.Empty(scene.Wallet(Bakery));
    }

    [Fact]
    public void A_purchase_gives_one_coupon_however_often_it_arrives()
    {
        scene.Active(Terms with { MaxOpenPerCustomer = 0 }).Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-1");

        Assert.Equal((1, 0, 0, 1, 0, 0), scene.Counts("1"));
        Assert.Empty(scene.Suppressions);
    }

    [Fact]
    public void A_reversal_mirrors_the_entries_once_and_opens_the_coupon_again()
    {
        scene.Active().Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];
        var redemption = scene.Redeemed(Shoes, code);

        Assert.Null(scene.Reverse(Shoes, redemption).Refusal);
        scene.Reverse(Shoes, redemption);

        Assert.Equal((0, 0), (scene.Account.FirstNet, scene.Account.SecondNet));
        Assert.Equal((1, 0, 0, 1, 0, 0), scene.Counts("1"));
        Assert.Equal([code], scene.Wallet(Bakery));
        scene.Redeemed(Shoes, code);
        Assert.Equal(66, scene.Account.SecondNet);
    }

    [Fact]
    public void A_redemption_reversed_under_its_new_redemption_is_not_reversed_twice()
    {
        scene.Active().Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];
        var first = scene.Redeemed(Shoes, code);
        scene.Reverse(Shoes, first);
        scene.Redeemed(Shoes, code);

        var again = scene.Books.Refused(turn => JointReversalTurns.Reverse(
            turn, scene.Asks(Shoes), Id, new ReverseCouponRedemption(Shoes, first, "RETURNED", "")));

        Assert.Equal(RefusalReason.RedemptionAlreadyReversed, again.Reason);
        Assert.Equal(66, scene.Account.SecondNet);
    }

    [Fact]
    public void Only_the_redeeming_side_reverses()
    {
        scene.Active().Buy(Bakery, "p-1");
        var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);

        Assert.Equal(RefusalReason.RedemptionNotFound, scene.Reverse(Bakery, redemption).Refusal?.Reason);
        Assert.Equal(RefusalReason.RedemptionNotFound, scene.Reverse(Stranger, redemption).Refusal?.Reason);
    }

    [Fact]
    public void A_reversed_coupon_stays_used_where_the_terms_say_so()
    {
        scene.Active(Terms with { ReversedStaysUsed = true }).Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];

        scene.Reverse(Shoes, scene.Redeemed(Shoes, code));

        Assert.Equal((1, 0, 0, 0, 1, 0), scene.Counts("1"));
        Assert.Equal(RefusalReason.Voided, scene.Redeem(Shoes, code).Refusal?.Reason);
    }

    [Fact]
    public void A_reversal_after_the_last_day_leaves_the_coupon_expired()
    {
        scene.Active().Buy(Bakery, "p-1");
        var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);

        scene.Move(At(new LocalDateTime(2017, 6, 1, 0, 0)));
        scene.Reverse(Shoes, redemption);

        Assert.Equal((1, 0, 1, 0, 0, 0), scene.Counts("1"));
        Assert.Empty(scene.Wallet(Bakery));
    }

    [Fact]
    public void A_reversal_after_the_claw_back_takes_nothing_back_again_and_reopens_nothing()
    {
        scene.Active().Buy(Bakery, "p-1");
        var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Return(Bakery, "p-1");

        Assert.Null(scene.Reverse(Shoes, redemption).Refusal);

        Assert.Equal((0, 0), (scene.Account.FirstNet, scene.Account.SecondNet));
        Assert.Equal((1, 0, 0, 0, 1, 0), scene.Counts("1"));
    }

    [Fact]
    public void Time_of_an_agreement_never_runs_backwards()
    {
        scene.Active().Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];
        scene.Move(At(new LocalDateTime(2017, 6, 1, 0, 0)));
        scene.Buy(Bakery, "p-2", "bert");
        scene.Move(Noon(2017, 5, 31));

        Assert.Equal(RefusalReason.AfterEnd, scene.Redeem(Shoes, code).Refusal?.Reason);
    }

    [Fact]
    public void A_stranger_cannot_issue_or_void_in_an_agreement()
    {
        scene.Active().Buy(Bakery, "p-1");
        var issue = scene.Books.Sent.Last(effect => effect.Name == JointMessages.Issue);
        var before = scene.Books.Journal.Count;

        scene.Books.Deliver(PartitionId.Tenant(Stranger), issue);
        scene.Books.Deliver(PartitionId.Tenant(Stranger), issue with { Name = JointMessages.Void });

        Assert.Equal(before, scene.Books.Journal.Count);
    }

    [Fact]
    public void A_coupon_is_seen_by_both_sides_and_by_nobody_else()
    {
        scene.Active().Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];

        Assert.Equal(CouponStatus.Open, View(Bakery, code).Status);
        Assert.Equal("boots", View(Shoes, code).RedeemingBrandId);
        Assert.Equal(
            RefusalReason.CouponNotFound,
            scene.Books.Refused(turn => JointCouponTurns.Get(turn, scene.Asks(Stranger), Id, code)).Reason);
    }

    [Fact]
    public void Validation_names_all_that_fails_and_changes_nothing()
    {
        scene.Active().Buy(Bakery, "p-1");
        var code = scene.Wallet(Bakery)[0];
        scene.Redeemed(Shoes, code);
        scene.Move(Noon(2017, 6, 1));
        var till = new RedeemCoupon(Shoes, "", code, "spring", "", "", null, "");

        var validation = scene.Books.Granted<CouponValidation>(
            turn => JointCouponTurns.Validate(turn, scene.Asks(Shoes), Id, till));

        Assert.Equal(
            [RefusalReason.CouponNotInCampaign, RefusalReason.AfterEnd, RefusalReason.AlreadyRedeemed],
            validation.Failing.Select(refusal => refusal.Reason));
    }

    private CouponView View(string tenant, string code) =>
        scene.Books.Granted<CouponView>(turn => JointCouponTurns.Get(turn, scene.Asks(tenant), Id, code));

    private static Instant ExpiryOf(Instant issue, int daysValid)
    {
        var scene = new JointScene();
        scene.Move(issue);
        scene.Active(Terms with { DaysValid = daysValid }).Buy(Bakery, "p-1");
        return scene.Books.Journal.Select(change => change.Fact).OfType<JointCouponIssued>().Single().ExpiresAt;
    }
}
