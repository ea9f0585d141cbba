using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>Payments over gRPC.</summary>
public sealed class PaymentTests
{
    [Fact]
    public async Task A_payment_counts_when_the_payee_confirms_it()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, _ => { });
        await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);
        Assert.Equal("NOT_A_PARTY", (await RecordAsync(shops, shops.Shoes, shops.Bakery.BrandId)).Reason);
        var recorded = (await RecordAsync(shops, shops.Bakery, shops.Bakery.BrandId)).Reply.Settlement;
        Assert.Equal(recorded, (await RecordAsync(shops, shops.Bakery, shops.Bakery.BrandId)).Reply.Settlement);
        Assert.Equal("SETTLEMENT_EXISTS", (await RecordAsync(shops, shops.Bakery, shops.Bakery.BrandId, 41)).Reason);
        Assert.Equal((66, 0), await shops.OwedAsync());
        Assert.Equal(recorded, Assert.Single((await shops.Shoes.Position(shops.AgreementId)).UnconfirmedSettlements));

        Assert.Equal("NOT_A_PARTY", (await ConfirmAsync(shops, shops.Bakery, recorded.SettlementId)).Reason);
        Assert.True((await ConfirmAsync(shops, shops.Shoes, recorded.SettlementId)).Reply.Settlement.IsConfirmed);
        Assert.Equal("SETTLEMENT_NOT_FOUND", (await ConfirmAsync(shops, shops.Shoes, recorded.SettlementId)).Reason);

        Assert.Equal((26, 0), await shops.OwedAsync());
        var statement = await shops.StatementAsync("2017-05");
        Assert.Equal((66, 40, 26), (statement.Redeemed.MinorUnits, statement.Paid.MinorUnits, statement.Closing.MinorUnits));
        var entry = (await shops.EntriesAsync())[^1];
        Assert.Equal(ClearingKind.Settled, entry.Kind);
        Assert.Contains(entry.Details, detail => detail is { Name: "reference", Value: "E2E 7|8" });
    }

    [Fact]
    public async Task A_prepaid_brand_issues_as_far_as_its_deposit_goes()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
        {
            terms.Prepaid = true;
            terms.Trigger.MaxOpenPerCustomer = 0;
        });
        Assert.Null(await shops.BuyAsync("p-1"));
        var deposit = (await RecordAsync(shops, shops.Bakery, shops.Bakery.BrandId, 100)).Reply.Settlement;
        await ConfirmAsync(shops, shops.Shoes, deposit.SettlementId);

        var code = await shops.BuyAsync("p-2");
        Assert.NotNull(code);
        Assert.Null(await shops.BuyAsync("p-3"));
        await shops.RedeemAsync(code);

        var credit = (await shops.Bakery.Position(shops.AgreementId)).Positions[0].Credit;
        Assert.Equal((0, -34, 34), (credit.Reserved.MinorUnits, credit.Exposure.MinorUnits, credit.Available.MinorUnits));
    }

    private static Task<RpcAnswer<RecordSettlementResponse>> RecordAsync(
        JointShops shops, TestTenant by, string payer, long amount = 40) => JointShops.Ask<RecordSettlementResponse>(
        by,
        "AgreementService/RecordSettlement",
        new RecordSettlementRequest
        {
            RequestId = TestServer.NewId(),
            AgreementId = shops.AgreementId,
            Payer = payer,
            Amount = Usd(amount),
            ValueDate = "2017-05-02",
            BankReference = "E2E 7|8",
        });

    private static Task<RpcAnswer<ConfirmSettlementResponse>> ConfirmAsync(
        JointShops shops, TestTenant by, string settlementId) => JointShops.Ask<ConfirmSettlementResponse>(
        by,
        "AgreementService/ConfirmSettlement",
        new ConfirmSettlementRequest
        {
            RequestId = TestServer.NewId(), AgreementId = shops.AgreementId, SettlementId = settlementId,
        });
}
