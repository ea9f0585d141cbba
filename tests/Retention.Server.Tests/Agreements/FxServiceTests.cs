using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Agreements;

/// <summary>Brands that keep their books in different currencies, over gRPC (JC6).</summary>
public sealed class FxServiceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("retention-fx-").FullName;

    [Fact]
    public async Task A_bakery_in_dollars_and_a_shoe_shop_in_euro_clear_at_the_rate_of_the_redemption()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await OpenAsync(server);
        await RateAsync(shops, shops.Bakery, "2017-05-01", 909);
        var code = (await shops.BuyAsync("p-1"))!;

        var redeemed = (await shops.Shoes.Redeem(new RedeemCouponRequest { Code = code })).Reply.Redemption;

        Assert.Equal(new Money { CurrencyCode = "EUR", MinorUnits = 200 }, redeemed.Discount);
        var entry = Assert.Single(await shops.EntriesAsync());
        Assert.Equal([("USD", -72L), ("USD", 72)], entry.Postings.Select(posting => (posting.Amount.CurrencyCode, posting.Amount.MinorUnits)));
        Assert.Equal([("EUR", -66L), ("EUR", 66)], entry.Counter.Select(posting => (posting.Amount.CurrencyCode, posting.Amount.MinorUnits)));
        Assert.Equal(Rate("2017-05-01", 909), entry.Rate);
        Assert.EndsWith("|counter=-66;rate=1000:909;rate_date=2017-05-01;rate_source=ECB", entry.Line, StringComparison.Ordinal);

        // A later rate changes nothing of it: what is taken back counts at its own.
        await RateAsync(shops, shops.Shoes, "2017-05-02", 500);
        await shops.AdvanceAsync(JointShops.Start + NodaTime.Duration.FromDays(1));
        await shops.ReturnAsync(shops.Bakery, "p-1", 4);
        var position = await shops.Shoes.Position(shops.AgreementId);
        Assert.True(position.SumIsZero);
        Assert.Equal(("2017-05-02", 0, 0), (position.Rate.RateDate, position.Positions[1].Net.MinorUnits, position.Positions[1].Counter.MinorUnits));
        Assert.Equal("EUR", (await shops.StatementAsync("2017-05")).Counter.CurrencyCode);
    }

    [Fact]
    public async Task Without_a_rate_the_redemption_is_refused_and_nothing_has_changed()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await OpenAsync(server);
        Assert.Null(await shops.BuyAsync("p-0"));
        await RateAsync(shops, shops.Bakery, "2017-05-01", 909);
        var code = (await shops.BuyAsync("p-1"))!;
        await shops.AdvanceAsync(JointShops.Start + NodaTime.Duration.FromDays(5));

        var refused = await shops.Shoes.Redeem(new RedeemCouponRequest { Code = code });

        Assert.Equal("RATE_MISSING", refused.Reason);
        Assert.Empty(await shops.EntriesAsync());
        await RateAsync(shops, shops.Shoes, "2017-05-06", 910);
        await shops.RedeemAsync(code);
        Assert.Equal("RATE_EXISTS", (await RecordAsync(shops, shops.Shoes, "2017-05-06", 911)).Reason);
        Assert.Equal("CURRENCY_MISMATCH", (await shops.Shoes.Accept(await ProposedInDollarsAsync(shops))).Reason);
    }

    [Fact]
    public async Task A_third_tenant_is_not_told_that_a_rate_was_recorded()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await OpenAsync(server);
        var stranger = await server.CreateTenantAsync();
        await RateAsync(shops, shops.Bakery, "2017-05-01", 909);

        Assert.Equal("AGREEMENT_NOT_FOUND", (await RecordAsync(shops, stranger, "2017-05-01", 909)).Reason);
        Assert.Equal("AGREEMENT_NOT_FOUND", (await RecordAsync(shops, stranger, "2017-05-01", 910)).Reason);
        await RateAsync(shops, shops.Shoes, "2017-05-01", 909);
    }

    [Fact]
    public async Task Either_brand_recomputes_both_currencies_from_its_feed_and_a_changed_rate_is_named()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await OpenAsync(server);
        await RateAsync(shops, shops.Bakery, "2017-05-01", 909);
        await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);
        var file = Path.Combine(folder, "feed.json");
        await File.WriteAllLinesAsync(file, (await JointPlay.FeedAsync(shops.Shoes)).Select(entry => entry.ToString()));
        Assert.Equal(0, (await VerifyAsync(file)).Code);

        var lines = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, lines.Replace("\"counterUnits\": \"909\"", "\"counterUnits\": \"910\"", StringComparison.Ordinal));
        var changed = await VerifyAsync(file);

        Assert.Equal(1, changed.Code);
        Assert.Contains("entry 1 has the rate", changed.Output, StringComparison.Ordinal);
    }

    private static Task<JointShops> OpenAsync(TestServer server) => JointShops.OpenAsync(
        server,
        terms =>
        {
            // The shoe shop's coupons take off euro; the account is in dollars.
            terms.Mirrored = false;
            terms.Offer.AmountOff = null;
            terms.Fx = Euro(terms.Funding[1].Brand);
        },
        shoesCurrency: "EUR");

    private static FxTerms Euro(string brand) => new()
    {
        Brand = brand,
        CurrencyCode = "EUR",
        Source = "ECB",
        RoundingParty = brand,
        AmountOff = new Money { CurrencyCode = "EUR", MinorUnits = 200 },
    };

    private static async Task<string> ProposedInDollarsAsync(JointShops shops)
    {
        var proposal = AgreementCalls.Proposal(shops.Bakery, shops.Shoes);
        _ = (await shops.Bakery.Propose(proposal)).Reply;
        return proposal.AgreementId;
    }

    private static ExchangeRate Rate(string date, long counterUnits) =>
        new() { RateDate = date, Units = 1000, CounterUnits = counterUnits, Source = "ECB" };

    private static async Task RateAsync(JointShops shops, TestTenant by, string date, long counterUnits) =>
        Assert.Equal(Rate(date, counterUnits), (await RecordAsync(shops, by, date, counterUnits)).Reply.Rate);

    private static Task<RpcAnswer<RecordExchangeRateResponse>> RecordAsync(
        JointShops shops, TestTenant by, string date, long counterUnits) => JointShops.Ask<RecordExchangeRateResponse>(
        by,
        "AgreementService/RecordExchangeRate",
        new RecordExchangeRateRequest
        {
            RequestId = TestServer.NewId(), AgreementId = shops.AgreementId, Rate = Rate(date, counterUnits),
        });

    private static async Task<(int Code, string Output)> VerifyAsync(string file)
    {
        using var process = ServeProcess.Run(["verify-statement", file]);
        var (code, output, errors) = await process.ExitAsync();
        return (code, output + errors);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
