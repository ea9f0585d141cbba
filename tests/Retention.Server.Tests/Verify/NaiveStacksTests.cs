using Retention.Domain.Tests;
using Retention.Domain.Tests.Agreements;
using Retention.Server.Verify;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive law agrees with joint coupons that orders stacked, and with nothing that was changed afterwards.</summary>
public sealed class NaiveStacksTests
{
    private static readonly Books Lived = Live();

    [Fact]
    public void Lived_stacks_have_no_difference()
    {
        foreach (var law in (INaiveLaw[])[new NaiveStacks(), new NaiveClearing(), new NaiveLinks(), new NaiveOffline(), new NaiveTerms()])
        {
            Assert.Empty(Judging.Judged(law, Lived, fact => [fact], state => state));
        }
    }

    [Theory]
    [InlineData("joint-stack-held")]
    [InlineData("redemption-stacked")]
    public void A_dropped_fact_is_found(string type) =>
        Assert.NotEmpty(Judging.Judged(new NaiveStacks(), Lived, Judging.Once(type, _ => []), state => state));

    [Theory]
    [InlineData("redemption-stacked", "\"discount_minor_units\":100", "\"discount_minor_units\":99")]
    [InlineData("joint-coupon-redeemed", "\"discount_minor_units\":100", "\"discount_minor_units\":99")]
    [InlineData("joint-coupon-redeemed", "\"redemption\":\"red_", "\"redemption\":\"rex_")]
    public void A_changed_fact_is_found(string type, string was, string becomes) => Assert.NotEmpty(Judging.Judged(
        new NaiveStacks(), Lived, Judging.Once(type, fact => [fact.Replace(was, becomes)]), state => state));

    private static Books Live()
    {
        var shop = new JointStacks();
        shop.Scene.Buy(JointScene.Bakery, "p-1");
        var code = shop.Scene.Wallet(JointScene.Bakery).Single();
        var (refused, order) = (shop.Order("o-1", 1000, code, "only"), shop.Order("o-2", 300, code, "two"));
        Assert.Null(refused.Hold());
        Assert.NotNull(refused.Decide().Refusal);
        refused.GiveUp();
        Assert.Null(order.Hold());
        Assert.NotNull(order.Decide().Reply);
        shop.Scene.Books.Deliver();
        Assert.Null(shop.Scene.Reverse(JointScene.Shoes, order.Held.Single().RedemptionId).Refusal);
        Assert.Null(shop.Scene.Redeem(JointScene.Shoes, code).Refusal);
        return shop.Scene.Books;
    }
}
