using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Offers;

public sealed class ReservedBudgetServiceTests
{
    [Fact]
    public async Task A_budget_that_counts_from_the_issue_on_stops_the_issue_and_honors_what_is_out()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer
        {
            Discount = new Discount { AmountOff = Usd(100) }, Budget = Usd(200), BudgetMode = BudgetMode.AtIssue,
        });
        var codes = (await IssueAsync(tenant, offer.OfferId, 2)).Reply.Coupons.Select(coupon => coupon.Code).ToList();

        var refused = await IssueAsync(tenant, offer.OfferId, 1);
        Assert.Equal(("BUDGET_EXHAUSTED", "200"), (refused.Reason, refused.Raw.Info!.Metadata["reserved"]));
        Assert.Equal(200, (await tenant.Offer(offer.OfferId)).BudgetReserved.MinorUnits);
        Assert.Equal(100, (await tenant.Offer(offer.OfferId)).BudgetPercent);

        Assert.Equal(CouponStatus.Voided, (await VoidAsync(tenant, codes[0], "v-1")).Reply.Coupon.Status);
        Assert.Equal(CouponStatus.Voided, (await VoidAsync(tenant, codes[0], "v-1")).Reply.Coupon.Status);
        Assert.Equal("VOIDED", (await VoidAsync(tenant, codes[0], "v-2")).Reason);
        Assert.Equal("VOIDED", (await tenant.Redeem(new() { Code = codes[0] })).Reason);
        Assert.Equal(RpcStatus.Ok, (await IssueAsync(tenant, offer.OfferId, 1)).Code);
        Assert.Equal(RpcStatus.Ok, (await tenant.Redeem(new() { Code = codes[1] })).Code);
        Assert.Equal("ALREADY_REDEEMED", (await VoidAsync(tenant, codes[1], "v-3")).Reason);

        var after = await tenant.Offer(offer.OfferId);
        Assert.Equal((100L, 100L), (after.DiscountGiven.MinorUnits, after.BudgetReserved.MinorUnits));
    }

    private static Task<RpcAnswer<IssueCouponsResponse>> IssueAsync(TestTenant tenant, string offerId, int count) =>
        tenant.Client.Call<IssueCouponsRequest, IssueCouponsResponse>(
            "OfferService/IssueCoupons",
            new() { RequestId = TestServer.NewId(), OfferId = offerId, Count = count },
            tenant.AdminKey);

    private static Task<RpcAnswer<VoidCouponResponse>> VoidAsync(TestTenant tenant, string code, string requestId) =>
        tenant.Client.Call<VoidCouponRequest, VoidCouponResponse>(
            "CouponService/VoidCoupon", new() { RequestId = requestId, Code = code, Reason = "misprint" }, tenant.AdminKey);
}
