using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offers;
using Retention.Server.Verify;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive law agrees with what coupons lived through, and with nothing that was changed afterwards.</summary>
public sealed class NaiveReservationsTests
{
    private static readonly OfferScene Lived = Live();

    [Fact]
    public void Lived_reservations_have_no_difference()
    {
        Assert.Empty(Judging.Judged(new NaiveReservations(), Lived.Books, fact => [fact], state => state));
    }

    [Theory]
    [InlineData("offer-reserved")]
    [InlineData("use-reserved")]
    [InlineData("offer-reservation-released")]
    [InlineData("coupon-redeemed")]
    [InlineData("coupon-reversed")]
    [InlineData("redemption-spread")]
    [InlineData("redemption-lines-returned")]
    public void A_dropped_fact_is_found(string type)
    {
        Assert.NotEmpty(Judging.Judged(new NaiveReservations(), Lived.Books, Judging.Once(type, _ => []), state => state));
    }

    [Theory]
    [InlineData("coupon-issued")]
    [InlineData("code-series-issued")]
    [InlineData("offer-coupons-issued")]
    public void A_dropped_issue_is_found(string type)
    {
        Assert.Empty(Judging.Judged(new NaiveIssues(), Lived.Books, fact => [fact], state => state));
        Assert.NotEmpty(Judging.Judged(new NaiveIssues(), Lived.Books, Judging.Once(type, _ => []), state => state));
        Assert.NotEmpty(Judging.Judged(
            new NaiveIssues(), Lived.Books, fact => [fact], Judging.Regex("code-series", "\"series\":1", "\"series\":2")));
    }

    [Theory]
    [InlineData("offer", "\"reservation\":\"rsv_", "\"reservation\":\"rsw_")]
    [InlineData("coupon", "\"redemption_id\":\"red_", "\"redemption_id\":\"rex_")]
    [InlineData("coupon-redemption", "\"discount_back\":\\d+", "\"discount_back\":7")]
    public void A_changed_state_is_found(string kind, string was, string becomes)
    {
        Assert.NotEmpty(Judging.Judged(
            new NaiveReservations(), Lived.Books, fact => [fact], Judging.Regex(kind, was, becomes)));
    }

    private static OfferScene Live()
    {
        var scene = new OfferScene();
        scene.Active(Spring with { Kind = OfferKind.UniqueCodes, Code = "" });
        var (first, second, third) = (scene.Issue("off-1"), scene.Issue("off-1"), scene.Issue("off-1"));
        scene.Reserved(Till(first), "o-1");
        scene.Redeemed(For("o-1", Till(first)));
        scene.Released(scene.Reserved(Till(second), "o-2"));
        scene.Reverse(scene.Redeemed(Till(second)).RedemptionId);
        var basket = new BasketSeen(300, "USD", []) { Lines = [new BasketLine("a", "", "", 2, 300)] };
        var partly = scene.Redeemed(Till(third) with { Basket = basket });
        scene.Return(partly.RedemptionId, "ret-1", new CouponReturnLine("a", 1, null));
        scene.Reserved(Till(second), "o-3");
        scene.Series("off-1", 1000);
        return scene;
    }
}
