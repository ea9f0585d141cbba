using NodaTime;
using NodaTime.Text;
using Retention.Server.Rpc;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>The last instant and the first one after it, as shops in New York meet them over the wire.</summary>
public sealed class BoundaryTests
{
    /// <summary>The ends are written in UTC by hand: midnight in New York is 05:00 in winter and 04:00 in summer.</summary>
    [Theory]
    [InlineData("an ordinary month", "2017-05-01T16:00:00Z", 30, "2017-06-01T04:00:00Z")]
    [InlineData("thirty days over the spring change", "2017-02-15T17:00:00Z", 30, "2017-03-18T04:00:00Z")]
    [InlineData("the day of 23 hours", "2017-03-11T17:00:00Z", 1, "2017-03-13T04:00:00Z")]
    [InlineData("issued on the day of 23 hours", "2017-03-12T05:00:00Z", 0, "2017-03-13T04:00:00Z")]
    [InlineData("the day of 25 hours", "2017-11-04T16:00:00Z", 1, "2017-11-06T05:00:00Z")]
    [InlineData("issued in the hour that comes twice", "2017-11-05T06:30:00Z", 0, "2017-11-06T05:00:00Z")]
    [InlineData("the leap day", "2016-02-28T17:00:00Z", 1, "2016-03-01T05:00:00Z")]
    [InlineData("the year after", "2017-02-28T17:00:00Z", 1, "2017-03-02T05:00:00Z")]
    public async Task A_joint_coupon_is_good_to_the_last_instant_of_its_last_day(
        string what, string issued, int daysValid, string ends)
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms => terms.Trigger.DaysValid = daysValid, At(issued));
        var (taken, left) = (await shops.BuyAsync("p-1"), await shops.BuyAsync("p-2", "bert"));

        await shops.AdvanceAsync(At(ends) - Duration.Epsilon);
        Assert.Equal((2, 0, 0, 2), await CountsAsync(shops));
        Assert.NotEmpty(await shops.RedeemAsync(taken!));
        await shops.AdvanceAsync(At(ends));
        var late = await shops.Shoes.Redeem(new RedeemCouponRequest { Code = left });

        Assert.True(late.Reason == "AFTER_END", what);
        Assert.Equal((2, 1, 1, 0), await CountsAsync(shops));
    }

    [Theory]
    [InlineData("2017-05-31T12:00:00Z", "2017-06-01T04:00:00Z")]
    [InlineData("2016-02-29T06:00:00Z", "2016-03-01T05:00:00Z")]
    [InlineData("2017-12-02T06:00:00Z", "2018-01-01T05:00:00Z")]
    public async Task A_monthly_cap_counts_to_the_last_instant_of_the_month(string first, string nextMonth)
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(
            server,
            terms => terms.Trigger = new JointTrigger { DaysValid = 60, MaxIssuedPerCustomerMonth = 1 },
            At(first));

        Assert.NotNull(await shops.BuyAsync("p-1"));
        await shops.AdvanceAsync(At(nextMonth) - Duration.Epsilon);
        Assert.Null(await shops.BuyAsync("p-2"));
        await shops.AdvanceAsync(At(nextMonth));
        Assert.NotNull(await shops.BuyAsync("p-3"));
    }

    [Theory]
    [InlineData("2017-03-12", "2017-03-12", "2017-03-12T05:00:00Z", "2017-03-13T04:00:00Z")]
    [InlineData("2017-11-05", "2017-11-05", "2017-11-05T04:00:00Z", "2017-11-06T05:00:00Z")]
    [InlineData("2016-02-29", "2016-02-29", "2016-02-29T05:00:00Z", "2016-03-01T05:00:00Z")]
    [InlineData("2017-01-01", "2017-12-31", "2017-01-01T05:00:00Z", "2018-01-01T05:00:00Z")]
    public async Task An_offer_is_good_from_the_first_instant_of_its_first_day_to_the_last_of_its_last(
        string startDate, string endDate, string starts, string ends)
    {
        await using var server = await TestServer.StartAsync();
        var shop = await server.CreateTenantAsync(virtualStart: At(starts) - Duration.Epsilon);
        await shop.ActiveOffer(new Offer
        {
            OfferId = "off-1",
            BrandId = shop.BrandId,
            Kind = OfferKind.GenericCode,
            Code = "DAY",
            Discount = new Discount { AmountOff = Usd(100) },
            Validity = new OfferValidity { StartDate = startDate, EndDate = endDate },
        });

        Assert.Equal("BEFORE_START", await RedeemAtAsync(shop, null));
        Assert.Equal("", await RedeemAtAsync(shop, At(starts)));
        Assert.Equal("", await RedeemAtAsync(shop, At(ends) - Duration.Epsilon));
        Assert.Equal("AFTER_END", await RedeemAtAsync(shop, At(ends)));
    }

    private static Instant At(string utc) => InstantPattern.ExtendedIso.Parse(utc).Value;

    private static async Task<(long Issued, long Consumed, long Expired, long Open)> CountsAsync(JointShops shops)
    {
        await shops.DrainedAsync();
        var leg = (await shops.Bakery.Report(shops.AgreementId)).Legs[0];
        return (leg.Issued, leg.Consumed, leg.Expired, leg.Open);
    }

    // Empty when it was redeemed.
    private static async Task<string> RedeemAtAsync(TestTenant shop, Instant? moment)
    {
        if (moment is { } to)
        {
            _ = await JointShops.Call<AdvanceClockResponse>(shop, "TenantService/AdvanceClock", new AdvanceClockRequest
            {
                RequestId = TestServer.NewId(), ToTime = to.ToProto(),
            });
        }

        return (await shop.Redeem(new RedeemCouponRequest { Code = "DAY" })).Reason ?? "";
    }
}
