using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Offers;

public sealed class OfferServiceTests
{
    [Fact]
    public async Task The_last_units_of_a_hot_code_go_to_exactly_as_many_as_there_are()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await tenant.KeyAsync(Role.Store);
        var offer = await tenant.ActiveOffer(new Offer
        {
            Code = "HOT", Discount = new Discount { AmountOff = Usd(100) }, Limits = new OfferLimits { Total = 50 },
        });

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => tenant.Redeem(new RedeemCouponRequest { Code = "hot" })));

        Assert.Equal(50, answers.Count(answer => answer.Code == RpcStatus.Ok));
        Assert.All(answers, answer => Assert.True(answer.Code == RpcStatus.Ok || answer.Reason == "LIMIT_REACHED"));
        var after = await tenant.Offer(offer.OfferId);
        Assert.Equal((50, 5000), (after.RedeemedCount, after.DiscountGiven.MinorUnits));
    }

    [Fact]
    public async Task A_repeated_redemption_gets_the_first_answer_by_request_and_by_order()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer { Code = "ONCE", Discount = new Discount { AmountOff = Usd(100) } });
        var till = new RedeemCouponRequest { RequestId = "r-1", Code = "once", OrderId = "o-1", Source = "pos" };

        var first = (await tenant.Redeem(till)).Reply;

        Assert.Equal(first, (await tenant.Redeem(till)).Reply);
        Assert.Equal(first, (await tenant.Redeem(new RedeemCouponRequest(till) { RequestId = "r-2" })).Reply);
        Assert.Equal("REQUEST_ID_REUSED", (await tenant.Redeem(new RedeemCouponRequest(till) { Code = "other" })).Reason);
        var other = await tenant.Redeem(new RedeemCouponRequest(till) { RequestId = "r-3", TillId = "t-2" });
        Assert.Equal((RpcStatus.AlreadyExists, "ORDER_ID_REUSED"), (other.Code, other.Reason));
        Assert.Equal(1, (await tenant.Offer(offer.OfferId)).RedeemedCount);
    }

    [Fact]
    public async Task An_order_is_one_whether_its_till_or_an_office_of_the_tenant_speaks_of_it()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer { Code = "ONE", Discount = new Discount { AmountOff = Usd(100) } });
        var order = new RedeemCouponRequest { Code = "one", OrderId = "o-1", Source = "pos", StoreId = tenant.StoreId };

        var first = (await Office(order)).Reply;
        Assert.Equal(first, (await tenant.Redeem(new(order) { RequestId = "till" })).Reply);
        Assert.Equal(1, (await tenant.Offer(offer.OfferId)).RedeemedCount);
        Assert.Equal(RpcStatus.Ok, (await Reversed("o-1")).Code);
        await tenant.Redeem(new(order) { OrderId = "o-2" });
        Assert.Equal(RpcStatus.Ok, (await Reversed("o-2")).Code);

        await tenant.CreateBrandAsync("second");
        await tenant.Redeem(new(order) { OrderId = "o-3" });
        Assert.Equal(RpcStatus.Ok, (await Office(new(order) { RequestId = "none", OrderId = "o-4", StoreId = "" })).Code);
        Assert.Equal("REDEMPTION_NOT_FOUND", (await Reversed("o-3")).Reason);
        Assert.Equal("REDEMPTION_NOT_FOUND", (await Reversed("o-3", "second")).Reason);
        Assert.Equal("BRAND_NOT_FOUND", (await Reversed("o-3", "third")).Reason);
        Assert.Equal(RpcStatus.Ok, (await Reversed("o-3", tenant.BrandId)).Code);
        Assert.Equal(RpcStatus.Ok, (await Reversed("o-4")).Code);
        Assert.Equal(0, (await tenant.Offer(offer.OfferId)).RedeemedCount);

        Task<RpcAnswer<RedeemCouponResponse>> Office(RedeemCouponRequest asked) =>
            tenant.Client.Call<RedeemCouponRequest, RedeemCouponResponse>(
                "CouponService/RedeemCoupon",
                new(asked) { RequestId = asked.RequestId.Length > 0 ? asked.RequestId : "office" },
                tenant.AdminKey);

        async Task<RpcAnswer<ReverseCouponRedemptionResponse>> Reversed(string orderId, string brandId = "") =>
            await tenant.Client.Call<ReverseCouponRedemptionRequest, ReverseCouponRedemptionResponse>(
                "CouponService/ReverseCouponRedemption",
                new()
                {
                    RequestId = TestServer.NewId(), OrderId = orderId, Source = "pos", BrandId = brandId, Reason = "RETURNED",
                },
                await tenant.KeyAsync(Role.Support));
    }

    [Fact]
    public async Task A_redemption_is_reversed_once_by_its_id_or_by_its_order()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer { Code = "BACK", Discount = new Discount { AmountOff = Usd(100) } });
        var byId = (await tenant.Redeem(new RedeemCouponRequest { Code = "back" })).Reply.Redemption.RedemptionId;
        await tenant.Redeem(new RedeemCouponRequest { Code = "back", OrderId = "o-1", Source = "pos" });

        Assert.Equal(100, (await tenant.Reverse(new() { RedemptionId = byId })).Reply.Discount.MinorUnits);
        Assert.Equal(byId, (await tenant.Reverse(new() { RedemptionId = byId })).Reply.RedemptionId);
        Assert.Equal(
            "REDEMPTION_ALREADY_REVERSED", (await tenant.Reverse(new() { RedemptionId = byId, ReturnId = "x" })).Reason);
        Assert.Equal(1, (await tenant.Offer(offer.OfferId)).RedeemedCount);
        Assert.Equal(RpcStatus.Ok, (await tenant.Reverse(new() { OrderId = "o-1", Source = "pos" })).Code);
        Assert.Equal(0, (await tenant.Offer(offer.OfferId)).RedeemedCount);
    }

    [Fact]
    public async Task Another_tenants_codes_offers_and_redemptions_answer_as_unknown_ones()
    {
        await using var server = await TestServer.StartAsync();
        var (mine, other) = (await server.CreateTenantAsync(), await server.CreateTenantAsync());
        await mine.ActiveOffer(new Offer { OfferId = "off-1", Code = "MINE" });
        var redemption = (await mine.Redeem(new RedeemCouponRequest { Code = "mine" })).Reply.Redemption.RedemptionId;

        var code = await other.Redeem(new RedeemCouponRequest { Code = "mine" });
        Assert.Equal((RpcStatus.NotFound, "COUPON_NOT_FOUND"), (code.Code, code.Reason));
        var reversal = await other.Reverse(new() { RedemptionId = redemption });
        Assert.Equal((RpcStatus.NotFound, "REDEMPTION_NOT_FOUND"), (reversal.Code, reversal.Reason));
        var offer = await other.Client.Call<GetOfferRequest, GetOfferResponse>(
            "OfferService/GetOffer", new() { OfferId = "off-1" }, other.AdminKey);
        Assert.Equal("OFFER_NOT_FOUND", offer.Reason);
    }

    [Fact]
    public async Task Unique_coupons_come_with_codes_that_are_redeemed_once()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer { Discount = new Discount { AmountOff = Usd(100) } });
        var request = new IssueCouponsRequest { RequestId = "i-1", OfferId = offer.OfferId, Count = 3 };
        var issued = (await Issue(tenant, request)).Reply;

        Assert.Equal(issued, (await Issue(tenant, request)).Reply);
        Assert.Equal(3, issued.Coupons.Select(coupon => coupon.Code).Distinct().Count());
        var code = issued.Coupons[0].Code;
        Assert.Equal(issued.Coupons[0].CouponId, (await tenant.Redeem(new() { Code = code })).Reply.Redemption.CouponId);
        var again = await tenant.Redeem(new() { Code = code.ToLowerInvariant() });
        Assert.Equal((RpcStatus.FailedPrecondition, "ALREADY_REDEEMED"), (again.Code, again.Reason));
        Assert.Equal("ALREADY_REDEEMED", again.Raw.Info!.Metadata["failing_conditions"]);
    }

    [Fact]
    public async Task Validation_answers_with_every_failing_condition()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await tenant.ActiveOffer(new Offer
        {
            Code = "MANY",
            Conditions = new OfferConditions { TargetsOnly = true, MinimumBasket = Usd(1000) },
            Validity = new OfferValidity { EndDate = "2017-01-01" },
        });

        var answer = (await tenant.Client.Call<ValidateCouponRequest, ValidateCouponResponse>(
            "CouponService/ValidateCoupon", new() { Code = "many" }, tenant.AdminKey)).Reply;

        Assert.False(answer.Redeemable);
        Assert.Equal(["NOT_TARGETED", "AFTER_END", "CONDITION_NOT_MET"], answer.Reasons);
        Assert.Equal("1000", answer.Explanation[2].Values["required"]);
    }

    private static Task<RpcAnswer<IssueCouponsResponse>> Issue(TestTenant tenant, IssueCouponsRequest request) =>
        tenant.Client.Call<IssueCouponsRequest, IssueCouponsResponse>("OfferService/IssueCoupons", request, tenant.AdminKey);
}
