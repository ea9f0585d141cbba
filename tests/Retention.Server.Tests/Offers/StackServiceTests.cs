using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Offers;

public sealed class StackServiceTests
{
    [Fact]
    public async Task Several_codes_give_the_best_combination_and_each_is_redeemed_at_its_part()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await tenant.ActiveOffer(new Offer
        {
            OfferId = "half", Code = "HALF", Discount = new Discount { ShareBps = 5000 }, Stacking = new OfferStacking { Order = 2 },
        });
        await tenant.ActiveOffer(new Offer
        {
            OfferId = "two",
            Code = "TWO",
            Discount = new Discount { AmountOff = Usd(200) },
            Stacking = new OfferStacking { Order = 1, Floor = Usd(450) },
        });
        await tenant.ActiveOffer(new Offer
        {
            OfferId = "only", Code = "ONLY", Discount = new Discount { AmountOff = Usd(520) }, Stacking = new OfferStacking { Exclusive = true },
        });
        var basket = new Basket { Total = Usd(1000) };

        var answer = (await Validate(tenant, basket, "half", "only", "none", "two")).Reply;

        Assert.Equal(550, answer.Discount.MinorUnits);
        Assert.Equal(
            [("two", 200), ("half", 350), ("only", 0), ("", 0)],
            answer.Coupons.Select(coupon => (coupon.OfferId, coupon.Discount.MinorUnits)));
        Assert.Equal(["COUPON_NOT_FOUND"], answer.Coupons[3].Reasons);
        foreach (var coupon in answer.Coupons.Where(coupon => coupon.IsApplied))
        {
            var redeemed = await tenant.Redeem(new() { Code = coupon.OfferId, Basket = basket, MaximumDiscount = coupon.Discount });
            Assert.Equal(coupon.Discount, redeemed.Reply.Redemption.Discount);
        }

        Assert.Equal(350, (await tenant.Offer("half")).DiscountGiven.MinorUnits);
    }

    [Fact]
    public async Task No_more_than_ten_codes_are_judged_and_a_basket_is_needed()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();

        var many = await Validate(tenant, new Basket { Total = Usd(1) }, [.. Enumerable.Repeat("x", 11)]);
        var none = await Validate(tenant, null, "x");

        Assert.Equal((RpcStatus.InvalidArgument, "codes"), (many.Code, many.Raw.Info!.Metadata["field"]));
        Assert.Equal((RpcStatus.InvalidArgument, "basket"), (none.Code, none.Raw.Info!.Metadata["field"]));
    }

    private static Task<RpcAnswer<ValidateCouponsResponse>> Validate(TestTenant tenant, Basket? basket, params string[] codes) =>
        tenant.Client.Call<ValidateCouponsRequest, ValidateCouponsResponse>(
            "CouponService/ValidateCoupons", new() { Codes = { codes }, Basket = basket }, tenant.AdminKey);
}
