using Google.Protobuf.WellKnownTypes;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Offers;

public sealed class OfferTermsTests
{
    [Fact]
    public async Task Every_term_of_an_offer_is_kept_and_shown()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = new Offer
        {
            Code = "TERMS",
            Discount = new Discount { FixedPrice = new FixedPrice { ProductId = "p-1", Price = Usd(99), UnitsMax = 2 } },
            Conditions = new OfferConditions
            {
                Products = { "p-1" },
                Times = new OfferTimes { Weekdays = { 6, 7 }, StartClock = "17:30", EndClock = "24:00" },
                FirstPurchase = true,
                Bins = { "4000" },
            },
            Limits = new OfferLimits { PerCustomerPeriod = 1, CustomerPeriod = CustomerPeriod.Month, PerStore = 9 },
        };

        var shown = await tenant.ActiveOffer(offer);

        Assert.Equal(offer.Discount, shown.Discount);
        Assert.Equal(offer.Conditions, shown.Conditions);
        Assert.Equal(offer.Limits, shown.Limits);
        Assert.Equal("v1", shown.Etag);
    }

    [Fact]
    public async Task A_live_offer_changes_on_the_version_it_was_read_in()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer
        {
            Code = "LIVE", Discount = new Discount { AmountOff = Usd(100) }, Limits = new OfferLimits { Total = 1 },
        });
        await tenant.Redeem(new() { Code = "live" });
        var change = new UpdateOfferRequest
        {
            RequestId = "u-1",
            OfferId = offer.OfferId,
            Offer = new Offer { Limits = new OfferLimits { Total = 2 } },
            UpdateMask = new FieldMask { Paths = { "limits" } },
            Etag = offer.Etag,
        };

        var updated = (await Update(tenant, change)).Reply.Offer;

        Assert.Equal(("v2", 2, 100), (updated.Etag, updated.Limits.Total, updated.Discount.AmountOff.MinorUnits));
        var stale = await Update(tenant, new(change) { RequestId = "u-2" });
        Assert.Equal((RpcStatus.Aborted, "ETAG_MISMATCH", "2"), (stale.Code, stale.Reason, stale.Raw.Info!.Metadata["version"]));
        Assert.Equal(RpcStatus.Ok, (await tenant.Redeem(new() { Code = "live" })).Code);
        Assert.Equal("LIMIT_REACHED", (await tenant.Redeem(new() { Code = "live" })).Reason);
    }

    [Fact]
    public async Task A_budget_pauses_its_offer_when_it_is_used_up()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer
        {
            Code = "BUDGET", Discount = new Discount { AmountOff = Usd(100) }, Budget = Usd(500),
        });
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => tenant.Redeem(new() { Code = "budget" })));

        Assert.Equal(5, answers.Count(answer => answer.Code == RpcStatus.Ok));
        Assert.All(answers, answer => Assert.True(answer.Code == RpcStatus.Ok || answer.Reason == "BUDGET_EXHAUSTED"));
        var after = await tenant.Offer(offer.OfferId);
        Assert.Equal((OfferStatus.Paused, true, 100), (after.Status, after.PausedByBudget, after.BudgetPercent));
    }

    [Fact]
    public async Task A_gift_credit_is_told_to_the_till_as_one()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await tenant.ActiveOffer(new Offer { Code = "GIFT", Discount = new Discount { GiftCredit = Usd(500) } });

        var redemption = (await tenant.Redeem(new() { Code = "gift" })).Reply.Redemption;

        Assert.Equal((500, true), (redemption.Discount.MinorUnits, redemption.IsGiftCredit));
    }

    private static Task<RpcAnswer<UpdateOfferResponse>> Update(TestTenant tenant, UpdateOfferRequest request) =>
        tenant.Client.Call<UpdateOfferRequest, UpdateOfferResponse>("OfferService/UpdateOffer", request, tenant.AdminKey);
}
