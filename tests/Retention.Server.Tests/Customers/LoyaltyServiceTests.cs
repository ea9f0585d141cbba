using NodaTime;
using Retention.Server.Rpc;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

public sealed class LoyaltyServiceTests(CustomerServer shared) : IClassFixture<CustomerServer>
{
    [Fact]
    public async Task Points_are_redeemed_and_come_back_once()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.BuyAsync("p1", 1_000);

        var redeemed = (await Redeem(shop, new() { RequestId = "r1", CustomerId = "ann", Millipoints = 4_000, GiftId = "mug" })).Reply;
        Assert.Equal(6_000, redeemed.Balance.AvailableMillipoints);
        Assert.Equal(redeemed.Balance, await shop.BalanceAsync());

        var reverse = new ReverseRedemptionRequest { RequestId = "v1", RedemptionId = redeemed.RedemptionId, Reason = "broken" };
        var first = (await Reverse(shop, reverse)).Reply;
        var again = (await Reverse(shop, new ReverseRedemptionRequest(reverse) { RequestId = "v2" })).Reply;
        var other = await Reverse(shop, new ReverseRedemptionRequest(reverse) { RequestId = "v3", Reason = "lost" });

        Assert.Equal((4_000, 10_000), (first.RestoredMillipoints, first.Balance.AvailableMillipoints));
        Assert.Equal(first, again);
        Assert.Equal("REDEMPTION_ALREADY_REVERSED", other.Reason);
        Assert.Equal(10_000, (await shop.BalanceAsync()).AvailableMillipoints);
    }

    [Fact]
    public async Task An_order_is_redeemed_for_once()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.BuyAsync("p1", 1_000);
        var request = new RedeemPointsRequest
        {
            RequestId = "r1", CustomerId = "ann", Millipoints = 1_000, Source = "web", OrderId = "o1",
        };

        var first = (await Redeem(shop, request)).Reply;
        var again = (await Redeem(shop, new RedeemPointsRequest(request) { RequestId = "r2" })).Reply;
        var other = await Redeem(shop, new RedeemPointsRequest(request) { RequestId = "r3", Millipoints = 2_000 });

        Assert.Equal(first, again);
        Assert.Equal((RpcStatus.AlreadyExists, "ORDER_ID_REUSED"), (other.Code, other.Reason));
        Assert.Equal(9_000, (await shop.BalanceAsync()).AvailableMillipoints);
    }

    [Fact]
    public async Task A_refusal_names_its_numbers()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.BuyAsync("p1", 1_000);

        var answer = await Redeem(shop, new() { RequestId = "r1", CustomerId = "ann", Millipoints = 10_001 });

        Assert.Equal((RpcStatus.FailedPrecondition, "INSUFFICIENT_POINTS"), (answer.Code, answer.Reason));
        Assert.Equal("10000", answer.Raw.Info!.Metadata["available_millipoints"]);
        Assert.Equal("POINTS_MUST_BE_POSITIVE", (await Redeem(shop, new() { RequestId = "r2", CustomerId = "ann" })).Reason);
    }

    [Fact]
    public async Task Points_are_gone_at_the_very_instant_of_their_expiry()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        var end = (await shop.BuyAsync("p1", 1_000)).Reply.Accruals[0].ExpireTime.ToInstant();

        await shop.AdvanceToAsync(end - Duration.FromNanoseconds(1));
        Assert.Equal(10_000, (await shop.BalanceAsync()).AvailableMillipoints);
        await shop.AdvanceToAsync(end);
        Assert.Equal(0, (await shop.BalanceAsync()).AvailableMillipoints);
    }

    [Fact]
    public async Task Lots_are_listed_in_the_order_in_which_they_burn_page_by_page()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        for (var i = 1; i <= 5; i++)
        {
            var days = Duration.FromDays(i * 10);
            await shop.BuyAsync($"p{i}", 100, sale => sale.PurchaseTime = (Shop.Noon - days).ToProto());
        }

        var purchases = new List<string>();
        var token = "";
        do
        {
            var page = (await shop.Ask<ListLotsResponse>(
                "LoyaltyService/ListLots", new ListLotsRequest { CustomerId = "ann", PageSize = 2, PageToken = token })).Reply;
            purchases.AddRange(page.Lots.Select(lot => lot.PurchaseId));
            token = page.NextPageToken;
            Assert.Equal(5_000, page.Balance.AvailableMillipoints);
        }
        while (token.Length > 0);

        Assert.Equal(["p5", "p4", "p3", "p2", "p1"], purchases);
    }

    [Fact]
    public async Task A_customer_of_another_tenant_is_unknown()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        var other = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync("only-here");

        var foreign = await other.Ask<GetBalanceResponse>(
            "LoyaltyService/GetBalance", new GetBalanceRequest { CustomerId = "only-here" });
        var unknown = await other.Ask<GetBalanceResponse>(
            "LoyaltyService/GetBalance", new GetBalanceRequest { CustomerId = "nowhere" });

        Assert.Equal((RpcStatus.NotFound, "CUSTOMER_NOT_FOUND"), (foreign.Code, foreign.Reason));
        Assert.Equal((unknown.Code, unknown.Reason, unknown.Raw.Message), (foreign.Code, foreign.Reason, foreign.Raw.Message));
    }

    private static Task<RpcAnswer<RedeemPointsResponse>> Redeem(Shop shop, RedeemPointsRequest request) =>
        shop.Ask<RedeemPointsResponse>("LoyaltyService/RedeemPoints", request);

    private static Task<RpcAnswer<ReverseRedemptionResponse>> Reverse(Shop shop, ReverseRedemptionRequest request) =>
        shop.Ask<ReverseRedemptionResponse>("LoyaltyService/ReverseRedemption", request);
}
