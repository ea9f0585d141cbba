using NodaTime;
using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>Payments and disputes over gRPC.</summary>
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

    [Fact]
    public async Task An_accepted_dispute_takes_the_entry_back_by_an_entry()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, _ => { });
        var redemption = await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);
        Assert.Equal("NOT_A_PARTY", (await DisputeAsync(shops, shops.Shoes, 1)).Reason);
        Assert.Equal("CLEARING_ENTRY_NOT_FOUND", (await DisputeAsync(shops, shops.Bakery, 2)).Reason);
        var dispute = (await DisputeAsync(shops, shops.Bakery, 1)).Reply.Dispute;
        Assert.Equal((66, redemption), (dispute.Amount.MinorUnits, dispute.RedemptionId));
        Assert.Equal(dispute, (await DisputeAsync(shops, shops.Bakery, 1)).Reply.Dispute);
        Assert.Equal("DISPUTE_EXISTS", (await DisputeAsync(shops, shops.Bakery, 1, "OTHER")).Reason);

        var position = await shops.Shoes.Position(shops.AgreementId);
        Assert.Equal([66L, -66L], position.Positions.Select(brand => brand.Disputed.MinorUnits));
        Assert.Equal(dispute, Assert.Single(position.Disputes));
        Assert.Equal(-66, (await shops.StatementAsync("2017-05")).Disputed.MinorUnits);
        Assert.Equal((66, 0), await shops.OwedAsync());
        Assert.Equal("NOT_A_PARTY", (await ResolveAsync(shops, shops.Bakery, dispute, DisputeOutcome.Accepted)).Reason);
        Assert.Equal(
            DisputeOutcome.Accepted, (await ResolveAsync(shops, shops.Shoes, dispute, DisputeOutcome.Accepted)).Reply.Dispute.Outcome);

        Assert.Equal((0, 0), await shops.OwedAsync());
        Assert.Equal(
            [ClearingKind.Redeemed, ClearingKind.Disputed, ClearingKind.DisputeResolved],
            (await shops.EntriesAsync()).Select(entry => entry.Kind));
        Assert.Equal("DISPUTE_NOT_FOUND", (await ResolveAsync(shops, shops.Shoes, dispute, DisputeOutcome.Rejected)).Reason);
    }

    [Fact]
    public async Task An_entry_stands_when_nobody_answers_in_time()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms => terms.DisputeAnswerDays = 3);
        await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);
        var dispute = (await DisputeAsync(shops, shops.Bakery, 1)).Reply.Dispute;

        await shops.AdvanceAsync(JointShops.Start + Duration.FromDays(5));

        Assert.Equal("DISPUTE_NOT_FOUND", (await ResolveAsync(shops, shops.Shoes, dispute, DisputeOutcome.Accepted)).Reason);
        Assert.Empty((await shops.Shoes.Position(shops.AgreementId)).Disputes);
        Assert.Equal((66, 0), await shops.OwedAsync());
        var entry = (await shops.EntriesAsync())[^1];
        Assert.Equal(dispute.AnswerByTime, entry.EntryTime);
        Assert.Contains(entry.Details, detail => detail is { Name: "outcome", Value: "StandsByTime" });
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

    private static Task<RpcAnswer<OpenDisputeResponse>> DisputeAsync(
        JointShops shops, TestTenant by, long number, string reason = "NOT_SOLD") =>
        JointShops.Ask<OpenDisputeResponse>(by, "AgreementService/OpenDispute", new OpenDisputeRequest
        {
            RequestId = TestServer.NewId(),
            AgreementId = shops.AgreementId,
            EntryNumber = number,
            Reason = reason,
            Evidence = "The till was closed.",
        });

    private static Task<RpcAnswer<ResolveDisputeResponse>> ResolveAsync(
        JointShops shops, TestTenant by, Dispute dispute, DisputeOutcome outcome) => JointShops.Ask<ResolveDisputeResponse>(
        by,
        "AgreementService/ResolveDispute",
        new ResolveDisputeRequest
        {
            RequestId = TestServer.NewId(), AgreementId = shops.AgreementId, DisputeId = dispute.DisputeId, Outcome = outcome,
        });
}
