using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>Lines of the basket in which a joint coupon was used come back, over gRPC (CP4, JC12).</summary>
public sealed class JointLinesTests
{
    [Fact]
    public async Task Returned_lines_take_their_share_of_what_waits_and_of_what_cleared_in_the_month_of_their_return()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms => terms.Settle = Settle.AtSale);
        var redemption = await RedeemAsync(shops, (await shops.BuyAsync("p-1"))!);
        Assert.Equal((0, 66), await shops.OwedAsync());

        // A quarter of the basket comes back before the sale arrives, and one more a month after it.
        var first = (await ReverseAsync(shops, redemption, "r-1", "bread", 1)).Reply;
        Assert.Equal((49, false, false), (first.Discount.MinorUnits, first.IsWhole, first.IsReopened));
        Assert.Equal((0, 50), await shops.OwedAsync());
        await shops.SellAsync(shops.Shoes, "carl", "s-1", redemption);
        Assert.Equal((50, 0), await shops.OwedAsync());
        await shops.AdvanceAsync(JointShops.Start + NodaTime.Duration.FromDays(40));
        var second = (await ReverseAsync(shops, redemption, "r-2", "boots", 1)).Reply;

        Assert.Equal((50, false), (second.Discount.MinorUnits, second.IsWhole));
        Assert.Equal(second, (await ReverseAsync(shops, redemption, "r-2", "boots", 1)).Reply);
        Assert.Equal("RETURN_ID_REUSED", (await ReverseAsync(shops, redemption, "r-2", "boots", 2)).Reason);
        Assert.Equal("RETURN_EXCEEDS_PURCHASE", (await ReverseAsync(shops, redemption, "r-3", "bread", 1)).Reason);
        Assert.Equal((34, 0), await shops.OwedAsync());
        var (may, june) = (await shops.StatementAsync("2017-05"), await shops.StatementAsync("2017-06"));
        Assert.Equal((50, 0, 50), (may.Redeemed.MinorUnits, may.Reversed.MinorUnits, may.Closing.MinorUnits));
        Assert.Equal((16, 34), (june.Reversed.MinorUnits, june.Closing.MinorUnits));
        var entries = await shops.EntriesAsync();
        Assert.Equal(
            [ClearingKind.Provisional, ClearingKind.SaleReturned, ClearingKind.Confirmed, ClearingKind.SaleReturned],
            entries.Select(entry => entry.Kind));

        // The last lines end the redemption, and the coupon's time is over.
        var last = (await ReverseAsync(shops, redemption, "r-4", "boots", 2)).Reply;
        Assert.True(last.IsWhole);
        Assert.Equal((0, 0), await shops.OwedAsync());
        Assert.Equal("REDEMPTION_ALREADY_REVERSED", (await ReverseAsync(shops, redemption, "r-5", "boots", 1)).Reason);
    }

    private static async Task<string> RedeemAsync(JointShops shops, string code) => (await shops.Shoes.Redeem(new RedeemCouponRequest
    {
        Code = code,
        Basket = new Basket
        {
            Total = Usd(1000),
            Lines =
            {
                new Line { LineId = "bread", Quantity = 1, Amount = Usd(250) },
                new Line { LineId = "boots", Quantity = 3, Amount = Usd(750) },
            },
        },
    })).Reply.Redemption.RedemptionId;

    private static Task<RpcAnswer<ReverseCouponRedemptionResponse>> ReverseAsync(
        JointShops shops, string redemption, string returnId, string line, int quantity) =>
        JointShops.Ask<ReverseCouponRedemptionResponse>(
            shops.Shoes,
            "CouponService/ReverseCouponRedemption",
            new ReverseCouponRedemptionRequest
            {
                RequestId = TestServer.NewId(),
                RedemptionId = redemption,
                ReturnId = returnId,
                Reason = "RETURNED",
                Lines = { new CouponReturnLine { LineId = line, Quantity = quantity } },
            });
}
