using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

public sealed class RedemptionTests
{
    private static readonly OfferConditions Anyone = new(0, [], [], false);

    private readonly OfferScene scene = new();

    [Fact]
    public void A_generic_code_is_redeemed_in_any_case_and_its_discount_counted()
    {
        scene.Active(Spring);

        var redemption = scene.Redeemed(Till(" sAvE10 "));

        Assert.Equal((100, "off-1", "spring", ""), (
            redemption.DiscountMinorUnits, redemption.OfferId, redemption.CampaignId, redemption.CouponId));
        Assert.Equal((1, 100), (scene.State("off-1").RedeemedCount, scene.State("off-1").DiscountMinorUnits));
    }

    [Fact]
    public void A_code_in_several_campaigns_needs_the_campaign_and_counts_in_it_alone()
    {
        scene.Active(Spring);
        scene.Active(Spring with { OfferId = "off-2", CampaignId = "summer" });

        Assert.Equal(RefusalReason.FieldInvalid, scene.Refused(Till()));
        Assert.Equal(RefusalReason.CouponNotInCampaign, scene.Refused(Till(campaign: "winter")));
        Assert.Equal("off-2", scene.Redeemed(Till(campaign: "summer")).OfferId);
        Assert.Equal(0, scene.State("off-1").RedeemedCount);
    }

    [Fact]
    public void A_code_or_customer_that_nobody_knows_is_refused()
    {
        scene.Active(Spring);

        Assert.Equal(RefusalReason.CouponNotFound, scene.Refused(Till("save11")));
        Assert.Equal(RefusalReason.CustomerNotFound, scene.Refused(Till(customer: "zoe")));
    }

    [Fact]
    public void An_offer_with_a_target_list_is_for_those_on_it()
    {
        scene.Active(Spring);
        scene.Target("off-1", "bert");

        Assert.Equal(RefusalReason.NotTargeted, scene.Refused(Till()));
        Assert.Equal(RefusalReason.NotTargeted, scene.Refused(Till(customer: "")));
        scene.Redeemed(Till(customer: "bert"));
    }

    [Fact]
    public void Both_days_of_the_window_belong_to_it_by_the_offers_own_clock()
    {
        scene.Active(Spring with
        {
            Validity = new OfferValidity(new LocalDate(2017, 5, 3), new LocalDate(2017, 5, 4), "Asia/Tokyo", 0),
        });

        // May 3 begins in Tokyo at 11:00 of May 2 in New York.
        scene.Now(At(new LocalDateTime(2017, 5, 2, 10, 59, 59)));
        Assert.Equal(RefusalReason.BeforeStart, scene.Refused(Till()));
        scene.Now(At(new LocalDateTime(2017, 5, 2, 11, 0)));
        scene.Redeemed(Till());
        scene.Now(At(new LocalDateTime(2017, 5, 4, 10, 59, 59)));
        scene.Redeemed(Till());
        scene.Now(At(new LocalDateTime(2017, 5, 4, 11, 0)));
        Assert.Equal(RefusalReason.AfterEnd, scene.Refused(Till()));
    }

    [Fact]
    public void Each_limit_is_met_exactly_and_named_when_reached()
    {
        scene.Active(Spring with { Limits = new OfferLimits(3, 2, 0, 0) });

        scene.Redeemed(Till());
        scene.Redeemed(Till());
        Assert.Equal("per_customer", Limit(Till()));
        scene.Redeemed(Till(customer: "bert"));
        Assert.Equal("total", Limit(Till(customer: "bert")));
    }

    [Fact]
    public void The_limit_per_day_begins_anew_at_midnight_of_the_offers_zone()
    {
        scene.Active(Spring with { Limits = new OfferLimits(0, 0, 1, 0) });

        scene.Redeemed(Till());
        Assert.Equal("per_day", Limit(Till()));
        scene.Now(At(new LocalDateTime(2017, 5, 1, 23, 59, 59)));
        Assert.Equal("per_day", Limit(Till()));
        scene.Now(At(new LocalDateTime(2017, 5, 2, 0, 0)));
        scene.Redeemed(Till());
    }

    [Fact]
    public void The_total_discount_and_the_budget_are_never_overdrawn()
    {
        scene.Active(Spring with { Limits = new OfferLimits(0, 0, 0, 250) });
        scene.Active(Spring with { OfferId = "off-2", CampaignId = "b", BudgetMinorUnits = 100 });

        scene.Redeemed(Till(campaign: "spring"));
        scene.Redeemed(Till(campaign: "spring"));
        Assert.Equal("total_discount", Limit(Till(campaign: "spring")));
        scene.Redeemed(Till(campaign: "b"));
        Assert.Equal(RefusalReason.BudgetExhausted, scene.Refused(Till(campaign: "b")));
    }

    [Fact]
    public void Store_basket_and_category_conditions_are_kept()
    {
        scene.Active(Spring with { Conditions = new OfferConditions(500, ["cake"], ["s-1"], false) });

        Assert.Equal(RefusalReason.StoreNotAllowed, scene.Refused(Till(store: "s-2", basket: 500)));
        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Till(basket: 499)));
        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Till()));
        var rolls = Till(basket: 500) with { Basket = new BasketSeen(500, "USD", ["rolls"]) };
        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(rolls));
        scene.Redeemed(Till(basket: 500));
    }

    [Fact]
    public void A_share_of_the_basket_is_rounded_down_and_capped()
    {
        scene.Active(Spring with { Discount = new Discount(0, 1500, 200) });

        Assert.Equal(14, scene.Redeemed(Till(basket: 99)).DiscountMinorUnits);
        Assert.Equal(200, scene.Redeemed(Till(basket: 99_999)).DiscountMinorUnits);
        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Till()));
    }

    [Fact]
    public void An_amount_off_is_never_more_than_the_basket()
    {
        scene.Active(Spring);

        Assert.Equal(60, scene.Redeemed(Till(basket: 60)).DiscountMinorUnits);
    }

    [Fact]
    public void A_draft_or_paused_offer_is_not_redeemed()
    {
        scene.Create(Spring);
        Assert.Equal(RefusalReason.OfferPaused, scene.Refused(Till()));
    }

    [Fact]
    public void A_basket_in_another_currency_is_refused()
    {
        scene.Active(Spring);

        Assert.Equal(
            RefusalReason.CurrencyMismatch,
            scene.Refused(Till() with { Basket = new BasketSeen(100, "EUR", []) }));
    }

    [Fact]
    public void A_unique_coupon_is_redeemed_once_and_by_its_holder_only()
    {
        scene.Active(Spring with { Kind = OfferKind.UniqueCodes, Code = "" });
        var code = scene.Issue("off-1", "anna");

        Assert.Equal(RefusalReason.CouponNotFound, scene.Refused(Till(code, "bert")));
        Assert.Equal(CouponCode.CouponId(code), scene.Redeemed(Till(code)).CouponId);
        Assert.Equal(RefusalReason.AlreadyRedeemed, scene.Refused(Till(code)));
        Assert.Equal(RefusalReason.CouponNotInCampaign, scene.Refused(Till(code, campaign: "winter")));
    }

    [Fact]
    public void A_coupon_of_another_campaign_is_told_so_first_with_all_else_that_fails()
    {
        scene.Active(Spring with { Kind = OfferKind.UniqueCodes, Code = "" });
        var till = Till(scene.Issue("off-1", "anna"), campaign: "winter");
        scene.Redeemed(till with { CampaignId = "" });

        Assert.Equal(
            [RefusalReason.CouponNotInCampaign, RefusalReason.AlreadyRedeemed],
            scene.Validate(till).Failing.Select(refusal => refusal.Reason));
        Assert.Equal("COUPON_NOT_IN_CAMPAIGN,ALREADY_REDEEMED", Named(scene.Redeem(till)));
        Assert.Equal("COUPON_NOT_IN_CAMPAIGN,ALREADY_REDEEMED", Named(scene.Reserve(till, "o-1")));

        scene.Active(Spring with { OfferId = "off-2" });
        Assert.Equal("COUPON_NOT_IN_CAMPAIGN", Named(scene.Redeem(Till(campaign: "winter"))));

        static string Named(Decision decision) =>
            decision.Refusal!.Details.Single(detail => detail.Name == "failing_conditions").Value;
    }

    [Fact]
    public void A_coupon_valid_for_30_days_is_valid_to_the_last_instant_of_day_30()
    {
        scene.Active(Spring with
        {
            Kind = OfferKind.UniqueCodes,
            Code = "",
            Validity = new OfferValidity(null, null, "", 30),
        });
        var (first, second) = (scene.Issue("off-1"), scene.Issue("off-1"));

        scene.Now(At(new LocalDateTime(2017, 6, 1, 0, 0)) - Duration.FromNanoseconds(1));
        scene.Redeemed(Till(first));
        scene.Now(At(new LocalDateTime(2017, 6, 1, 0, 0)));
        Assert.Equal(RefusalReason.AfterEnd, scene.Refused(Till(second)));
    }

    [Fact]
    public void Redemption_refuses_with_the_first_failing_condition_and_validation_names_all_in_order()
    {
        scene.Create(Spring with
        {
            Conditions = new OfferConditions(1000, [], ["s-1"], true),
            Limits = new OfferLimits(0, 1, 0, 0),
            Validity = new OfferValidity(null, new LocalDate(2017, 4, 30), "", 0),
            BudgetMinorUnits = 50,
        });
        var till = Till(store: "s-2", customer: "");

        RefusalReason[] all =
        [
            RefusalReason.NotTargeted,
            RefusalReason.AfterEnd,
            RefusalReason.OfferPaused,
            RefusalReason.StoreNotAllowed,
            RefusalReason.ConditionNotMet,
            RefusalReason.ConditionNotMet,
            RefusalReason.BudgetExhausted,
        ];
        Assert.Equal(all, scene.Validate(till).Failing.Select(refusal => refusal.Reason));
        var refusal = scene.Redeem(till).Refusal!;
        Assert.Equal(RefusalReason.NotTargeted, refusal.Reason);
        Assert.Equal(
            "NOT_TARGETED,AFTER_END,OFFER_PAUSED,STORE_NOT_ALLOWED,CONDITION_NOT_MET,BUDGET_EXHAUSTED",
            refusal.Details.Single(detail => detail.Name == "failing_conditions").Value);
    }

    [Fact]
    public void Validation_tells_the_discount_and_changes_nothing()
    {
        scene.Active(Spring);
        var before = scene.Books.Journal.Count;

        var validation = scene.Validate(Till());

        Assert.Empty(validation.Failing);
        Assert.Equal(100, validation.DiscountMinorUnits);
        Assert.Equal(before, scene.Books.Journal.Count);
        Assert.Equal(
            RefusalReason.CouponNotInCampaign, scene.Validate(Till(campaign: "x")).Failing.Single().Reason);
    }

    [Fact]
    public void A_reversal_gives_back_count_discount_day_and_the_customers_use_once()
    {
        scene.Active(Spring with { Limits = new OfferLimits(1, 1, 1, 100) });
        var redemption = scene.Redeemed(Till());

        Assert.Null(scene.Reverse(redemption.RedemptionId).Refusal);
        scene.Reverse(redemption.RedemptionId);

        Assert.Equal((0, 0, 0), (
            scene.State("off-1").RedeemedCount, scene.State("off-1").DiscountMinorUnits, scene.State("off-1").DayCount));
        scene.Redeemed(Till());
        Assert.Equal(RefusalReason.LimitReached, scene.Refused(Till()));
    }

    [Fact]
    public void A_reversed_unique_coupon_may_be_redeemed_again()
    {
        scene.Active(Spring with { Kind = OfferKind.UniqueCodes, Code = "" });
        var code = scene.Issue("off-1");
        var redemption = scene.Redeemed(Till(code));

        scene.Reverse(redemption.RedemptionId);

        scene.Redeemed(Till(code));
    }

    [Fact]
    public void A_redemption_of_another_tenant_is_reversed_by_nobody_else()
    {
        scene.Active(Spring);
        var redemption = scene.Redeemed(Till());
        var stranger = new ReverseCouponRedemption("t-2", redemption.RedemptionId, "RETURNED", "");

        Assert.Equal(
            RefusalReason.RedemptionNotFound,
            scene.Books.Refused(turn => ReversalTurns.Reverse(turn, stranger)).Reason);
        Assert.Equal(RefusalReason.RedemptionNotFound, scene.Reverse("red_" + new string('0', 32)).Refusal?.Reason);
    }

    private string? Limit(RedeemCoupon till)
    {
        var refusal = scene.Redeem(till).Refusal;
        Assert.Equal(RefusalReason.LimitReached, refusal?.Reason);
        return refusal!.Details.First(detail => detail.Name == "limit").Value;
    }
}
