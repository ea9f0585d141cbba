using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offers;
using Retention.Server.Verify;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive count agrees with what an offer lived through, and with nothing that was changed afterwards.</summary>
public sealed class NaiveOffersTests
{
    private static readonly OfferScene Lived = Live();

    [Fact]
    public void A_lived_offer_has_no_difference()
    {
        Assert.Empty(Judging.Judged(new NaiveOffers(), Lived.Books, fact => [fact], state => state));
    }

    [Theory]
    [InlineData("offer-redeemed")]
    [InlineData("offer-redemption-reversed")]
    [InlineData("offer-targets-listed")]
    [InlineData("use-redeemed")]
    [InlineData("use-reversed")]
    [InlineData("offer-redemption-reduced")]
    public void A_dropped_fact_is_found(string type)
    {
        Assert.NotEmpty(Judging.Judged(new NaiveOffers(), Lived.Books, Judging.Once(type, _ => []), state => state));
    }

    [Fact]
    public void A_changed_discount_or_customer_is_found()
    {
        Assert.NotEmpty(Judging.Judged(
            new NaiveOffers(),
            Lived.Books,
            Judging.Once("offer-redeemed", fact => [fact.Replace("\"discount\":100", "\"discount\":99")]),
            state => state));
        Assert.NotEmpty(Judging.Judged(
            new NaiveOffers(),
            Lived.Books,
            Judging.Once("offer-redeemed", fact => [fact.Replace("\"customer\":\"anna\"", "\"customer\":\"bert\"")]),
            state => state));
    }

    [Theory]
    [InlineData("offer", "\"redeemed_count\":\\d+", "\"redeemed_count\":7")]
    [InlineData("offer", "\"discount_minor_units\":\\d+", "\"discount_minor_units\":7")]
    [InlineData("offer", "\"target_count\":\\d+", "\"target_count\":7")]
    [InlineData("offer-use", "\"uses\":\\d+", "\"uses\":7")]
    public void A_changed_state_is_found(string kind, string was, string becomes)
    {
        Assert.NotEmpty(Judging.Judged(
            new NaiveOffers(), Lived.Books, fact => [fact], Judging.Regex(kind, was, becomes)));
    }

    private static OfferScene Live()
    {
        var scene = new OfferScene();
        scene.Active(Spring with { Limits = new OfferLimits(5, 3, 0, 0) });
        scene.Target("off-1", "anna", "bert");
        scene.Redeemed(Till());
        scene.Redeemed(Till(customer: "bert"));
        CouponRedemption reversed = scene.Redeemed(Till());
        scene.Reverse(reversed.RedemptionId);
        var basket = new BasketSeen(300, "USD", []) { Lines = [new BasketLine("a", "", "", 2, 300)] };
        var partly = scene.Redeemed(Till(customer: "bert") with { Basket = basket });
        scene.Return(partly.RedemptionId, "ret-1", new CouponReturnLine("a", 1, null));
        return scene;
    }
}
