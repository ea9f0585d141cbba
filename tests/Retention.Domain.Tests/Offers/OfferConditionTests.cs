using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Customers;
using Retention.Domain.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

public sealed class OfferConditionTests
{
    private static readonly OfferConditions Anyone = new(0, [], [], false);

    private readonly OfferScene scene = new();

    [Fact]
    public void Weekdays_and_hours_are_those_of_the_offers_zone_and_may_pass_midnight()
    {
        // Friday and Saturday from 22:00 to 02:00 of the next morning.
        scene.Active(Spring with { Conditions = Anyone with { Times = new OfferTimes([5, 6], 22 * 60, 2 * 60) } });

        Assert.Equal("times", MissingAt(new LocalDateTime(2017, 5, 5, 21, 59, 59)));
        Assert.Null(MissingAt(new LocalDateTime(2017, 5, 5, 22, 0)));
        Assert.Null(MissingAt(new LocalDateTime(2017, 5, 6, 1, 59, 59)));
        Assert.Equal("times", MissingAt(new LocalDateTime(2017, 5, 6, 2, 0)));
        Assert.Null(MissingAt(new LocalDateTime(2017, 5, 7, 1, 0)));
        Assert.Equal("times", MissingAt(new LocalDateTime(2017, 5, 7, 22, 0)));
        Assert.Equal("times", MissingAt(new LocalDateTime(2017, 5, 8, 1, 0)));
    }

    [Fact]
    public void Hours_follow_the_clock_on_the_wall_when_it_is_put_forward()
    {
        scene.Active(Spring with { Conditions = Anyone with { Times = new OfferTimes(default, 3 * 60, 4 * 60) } });

        // On 12 March 2017 the hour from 2:00 does not exist in New York: 7:00 in UTC is 3:00 there.
        scene.Now(Instant.FromUtc(2017, 3, 12, 6, 59));
        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Till()));
        scene.Now(Instant.FromUtc(2017, 3, 12, 7, 0));
        scene.Redeemed(Till());
    }

    [Fact]
    public void An_offer_for_products_needs_one_of_them()
    {
        scene.Active(Spring with { Conditions = Anyone with { ProductIds = ["cola"] } });
        var basket = new BasketSeen(100, "USD", []) { Lines = [new BasketLine("1", "cola", "", 1, 100)] };

        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Till(basket: 100)));
        scene.Redeemed(Till() with { Basket = basket });
    }

    [Fact]
    public void An_offer_for_the_first_purchase_is_for_customers_who_have_none()
    {
        scene.Active(Spring with { Conditions = Anyone with { FirstPurchase = true } });
        var anna = scene.Books.State<CustomerState>(CustomerGrains.Id(PartitionId.Tenant(Tenant), "anna"));

        Assert.Equal(0, anna.PurchaseCount);
        scene.Redeemed(Till());
        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Till(customer: "")));
    }

    [Fact]
    public void An_offer_for_payment_cards_needs_one_that_begins_so()
    {
        scene.Active(Spring with { Conditions = Anyone with { Bins = ["4000", "510000"] } });

        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Till(basket: 100)));
        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Paid("41112222")));
        scene.Redeemed(Paid("40001234"));
        scene.Redeemed(Paid("510000"));
    }

    [Fact]
    public void A_customer_has_so_many_in_a_calendar_week_and_a_reversal_gives_back_its_own_week_only()
    {
        scene.Active(Spring with
        {
            Limits = OfferLimits.None with { PerCustomerPeriod = 1, Period = LimitPeriod.Week },
        });
        var first = scene.Redeemed(Till());
        Assert.Equal("per_customer_period", Limit(Till()));
        scene.Redeemed(Till(customer: "bert"));
        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Till(customer: "")));

        // 1 May 2017 is a Monday.
        scene.Now(At(new LocalDateTime(2017, 5, 7, 23, 59, 59)));
        Assert.Equal("per_customer_period", Limit(Till()));
        scene.Now(At(new LocalDateTime(2017, 5, 8, 0, 0)));
        var second = scene.Redeemed(Till());
        scene.Reverse(first.RedemptionId);
        Assert.Equal("per_customer_period", Limit(Till()));
        scene.Reverse(second.RedemptionId);
        scene.Redeemed(Till());
    }

    [Fact]
    public void A_store_has_so_many_reserved_ones_included()
    {
        scene.Active(Spring with { Limits = OfferLimits.None with { PerStore = 2 } });
        var kept = scene.Reserved(Till(), "o-1");
        var first = scene.Redeemed(Till(customer: "bert"));

        Assert.Equal("per_store", Limit(Till(customer: "bert")));
        scene.Redeemed(Till(store: "s-2"));
        Assert.Equal(RefusalReason.ConditionNotMet, scene.Refused(Till(store: "")));
        scene.Released(kept);
        scene.Redeemed(Till());
        scene.Reverse(first.RedemptionId);
        scene.Redeemed(Till());
        Assert.Equal("per_store", Limit(Till()));
    }

    [Fact]
    public void Conditions_that_cannot_hold_together_are_refused()
    {
        Assert.Equal("conditions.times", Field(Anyone with { Times = new OfferTimes([8], 0, 0) }));
        Assert.Equal("conditions.times", Field(Anyone with { Times = new OfferTimes([1, 1], 0, 0) }));
        Assert.Equal("conditions.times", Field(Anyone with { Times = new OfferTimes(default, 0, 1441) }));
        Assert.Equal("conditions.bins", Field(Anyone with { Bins = ["123"] }));
        Assert.Equal("conditions.bins", Field(Anyone with { Bins = ["12ab"] }));
        Assert.Equal(
            RefusalReason.FieldInvalid, scene.Create(Spring with { Limits = OfferLimits.None with { PerCustomerPeriod = 1 } })?.Reason);
    }

    private static RedeemCoupon Paid(string bin) =>
        Till() with { Basket = new BasketSeen(100, "USD", []) { Bin = bin } };

    private string? MissingAt(LocalDateTime local)
    {
        scene.Now(At(local));
        return scene.Validate(Till()).Failing
            .SelectMany(refusal => refusal.Details)
            .FirstOrDefault(detail => detail.Name == "condition").Value;
    }

    private string? Limit(RedeemCoupon till) => scene.Redeem(till).Refusal?.Details
        .FirstOrDefault(detail => detail.Name == "limit").Value;

    private string? Field(OfferConditions conditions) => scene.Create(Spring with { Conditions = conditions })?.Details
        .Single(detail => detail.Name == "field").Value;
}
