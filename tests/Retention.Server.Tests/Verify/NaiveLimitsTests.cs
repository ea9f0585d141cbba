using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offers;
using Retention.Server.Verify;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive law agrees with what a limited offer lived through, and with nothing that was changed afterwards.</summary>
public sealed class NaiveLimitsTests
{
    private static readonly OfferScene Lived = Live();

    [Fact]
    public void A_lived_offer_has_no_difference()
    {
        Assert.Empty(Judging.Judged(new NaiveLimits(), Lived.Books, fact => [fact], state => state));
    }

    [Theory]
    [InlineData("offer-coupons-issued", "\"minor_units\":300", "\"minor_units\":200")]
    [InlineData("offer-coupons-issued", "\"minor_units\":300", "\"minor_units\":900")]
    [InlineData("offer-coupon-voided", "\"minor_units\":100", "\"minor_units\":200")]
    [InlineData("offer-redeemed", "\"minor_units\":100", "\"minor_units\":0")]
    [InlineData("coupon-issued", "\"minor_units\":100", "\"minor_units\":50")]
    public void A_changed_reserve_is_found(string type, string was, string becomes)
    {
        var lived = LiveReserving();
        Assert.Empty(Judging.Judged(new NaiveLimits(), lived.Books, fact => [fact], state => state));
        Assert.NotEmpty(Judging.Judged(
            new NaiveLimits(), lived.Books, Judging.Once(type, fact => [fact.Replace(was, becomes)]), state => state));
    }

    [Fact]
    public void A_changed_state_of_a_reserve_is_found() => Assert.NotEmpty(Judging.Judged(
        new NaiveLimits(), LiveReserving().Books, fact => [fact], Judging.Regex("offer", "\"reserves\":\\[.*?\\]", "\"reserves\":[]")));

    [Theory]
    [InlineData("offer-created", "\"total\":3", "\"total\":1")]
    [InlineData("offer-created", "\"budget_minor_units\":400", "\"budget_minor_units\":100")]
    [InlineData("use-reversed", "use-reversed", "use-targeted")]
    public void A_changed_fact_is_found(string type, string was, string becomes)
    {
        Assert.NotEmpty(Judging.Judged(
            new NaiveLimits(), Lived.Books, Judging.Once(type, fact => [fact.Replace(was, becomes)]), state => state));
    }

    [Theory]
    [InlineData("offer", "\"total\":4", "\"total\":9")]
    [InlineData("offer", "\"budget_percent\":\\d+", "\"budget_percent\":95")]
    [InlineData("offer-store", "\"uses\":\\d+", "\"uses\":7")]
    public void A_changed_state_is_found(string kind, string was, string becomes)
    {
        Assert.NotEmpty(Judging.Judged(
            new NaiveLimits(), Lived.Books, fact => [fact], Judging.Regex(kind, was, becomes)));
    }

    private static OfferScene LiveReserving()
    {
        var scene = new OfferScene();
        scene.Active(Spring with
        {
            Kind = OfferKind.UniqueCodes,
            Code = "",
            BudgetMinorUnits = 800,
            ReservesAtIssue = true,
        });
        scene.Series("off-1", 3);
        var (first, second) = (scene.Issue("off-1"), scene.Issue("off-1"));
        scene.Books.Granted<CouponView>(turn => VoidTurns.Void(turn, Till(second, customer: ""), "misprint"));
        scene.Reverse(scene.Redeemed(Till(first)).RedemptionId);
        scene.Redeemed(Till(first));
        return scene;
    }

    private static OfferScene Live()
    {
        var scene = new OfferScene();
        var offer = Spring with { Limits = new OfferLimits(3, 0, 0, 0) { PerStore = 3 }, BudgetMinorUnits = 400 };
        scene.Active(offer);
        scene.Redeemed(Till());
        scene.Reverse(scene.Redeemed(Till()).RedemptionId);
        scene.Redeemed(Till());
        scene.Redeemed(Till(store: "s-2"));
        var update = new UpdateOffer(
            Tenant,
            "off-1",
            offer with { Limits = offer.Limits with { Total = 4 }, BudgetMinorUnits = 500 },
            ["limits", "budget"],
            null,
            "");
        scene.Books.Granted<OfferView>(turn => OfferUpdateTurns.Update(turn, update));
        scene.Redeemed(Till());
        return scene;
    }
}
