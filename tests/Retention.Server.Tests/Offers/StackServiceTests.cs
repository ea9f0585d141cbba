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
    public async Task Several_codes_of_one_order_are_redeemed_together_or_not_at_all()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        foreach (var (id, order) in (IEnumerable<(string, int)>)[("half", 2), ("two", 1), ("full", 3)])
        {
            await tenant.ActiveOffer(new Offer
            {
                OfferId = id,
                Code = id,
                Discount = id == "half" ? new Discount { ShareBps = 5000 } : new Discount { AmountOff = Usd(200) },
                Stacking = new OfferStacking { Order = order },
                Limits = new OfferLimits { Total = 1 },
            });
        }

        Assert.Equal(RpcStatus.Ok, (await tenant.Redeem(new() { Code = "full" })).Code);
        var request = new RedeemCouponsRequest
        {
            RequestId = "r-1", Codes = { "half", "full", "two" }, OrderId = "o-1", Source = "pos", Basket = new Basket { Total = Usd(1000) },
        };

        var none = await Redeem(tenant, request);
        Assert.Equal(("LIMIT_REACHED", "1"), (none.Reason, none.Raw.Info!.Metadata["index"]));
        Assert.Equal(0, (await tenant.Offer("half")).RedeemedCount);

        request.Codes.RemoveAt(1);
        var both = (await Redeem(tenant, request)).Reply;
        Assert.Equal([(1, 200L), (0, 400L)], both.Redemptions.Select(one => (one.Index, one.Redemption.Discount.MinorUnits)));
        Assert.Equal(both, (await Redeem(tenant, request)).Reply);
        Assert.Equal(both, (await Redeem(tenant, new RedeemCouponsRequest(request) { RequestId = "r-2" })).Reply);
        Assert.Equal("ORDER_ID_REUSED", (await Redeem(tenant, new RedeemCouponsRequest(request) { RequestId = "r-3", TillId = "t" })).Reason);

        var back = await tenant.Reverse(new() { RedemptionId = both.Redemptions[0].Redemption.RedemptionId });
        Assert.Equal(200, back.Reply.Discount.MinorUnits);
        Assert.Equal((0, 1), ((await tenant.Offer("two")).RedeemedCount, (await tenant.Offer("half")).RedeemedCount));
        Assert.Equal("REDEMPTION_NOT_FOUND", (await tenant.Reverse(new() { OrderId = "o-1", Source = "pos" })).Reason);
    }

    [Fact]
    public async Task A_code_that_the_best_combination_is_without_stops_all()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await tenant.ActiveOffer(new Offer { OfferId = "a", Code = "A", Discount = new Discount { AmountOff = Usd(300) } });
        await tenant.ActiveOffer(new Offer
        {
            OfferId = "b", Code = "B", Discount = new Discount { AmountOff = Usd(200) }, Stacking = new OfferStacking { Exclusive = true },
        });

        var answer = await Redeem(tenant, new RedeemCouponsRequest
        {
            RequestId = "r-1", Codes = { "a", "b" }, OrderId = "o-1", Source = "pos", Basket = new Basket { Total = Usd(1000) },
        });

        Assert.Equal(("CONDITION_NOT_MET", "stacking", "1"), (answer.Reason, answer.Raw.Info!.Metadata["condition"], answer.Raw.Info.Metadata["index"]));
        Assert.Equal(0, (await tenant.Offer("a")).RedeemedCount);
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

    private static async Task<RpcAnswer<RedeemCouponsResponse>> Redeem(TestTenant tenant, RedeemCouponsRequest request) =>
        await tenant.Client.Call<RedeemCouponsRequest, RedeemCouponsResponse>(
            "CouponService/RedeemCoupons", request, await tenant.KeyAsync(Role.Store));

    private static Task<RpcAnswer<ValidateCouponsResponse>> Validate(TestTenant tenant, Basket? basket, params string[] codes) =>
        tenant.Client.Call<ValidateCouponsRequest, ValidateCouponsResponse>(
            "CouponService/ValidateCoupons", new() { Codes = { codes }, Basket = basket }, tenant.AdminKey);
}
