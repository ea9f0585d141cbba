using NodaTime;
using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>Contested entries over gRPC (JC8): shown, ended by an entry, never edited.</summary>
public sealed class DisputeServiceTests
{
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

    [Fact]
    public async Task A_part_is_accepted_and_a_later_return_takes_its_share_of_the_rest()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
        {
            terms.Fees.Add(new Fee { Trigger = FeeTrigger.Redemption, Payer = LegRole.Issuing, Amount = Usd(22) });
            terms.Tax = new TaxTerms { Treatment = TaxTreatment.Exclusive, RateBps = 1000 };
        });
        var redemption = await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);
        await shops.SellAsync(shops.Shoes, "carl", "s-1", redemption);
        Assert.Equal((66 + 7 + 22 + 2, 0), await shops.OwedAsync());
        var dispute = (await DisputeAsync(shops, shops.Bakery, 1)).Reply.Dispute;

        Assert.Equal("FIELD_INVALID", (await ResolveAsync(shops, shops.Shoes, dispute, DisputeOutcome.Accepted, 67)).Reason);
        Assert.Equal("FIELD_INVALID", (await ResolveAsync(shops, shops.Shoes, dispute, DisputeOutcome.Accepted, 0)).Reason);
        Assert.Equal("FIELD_INVALID", (await ResolveAsync(shops, shops.Shoes, dispute, DisputeOutcome.Rejected, 6)).Reason);
        var ended = (await ResolveAsync(shops, shops.Shoes, dispute, DisputeOutcome.Accepted, 6)).Reply.Dispute;

        Assert.Equal((DisputeOutcome.Accepted, 6L), (ended.Outcome, ended.Accepted.MinorUnits));
        Assert.Equal((60 + 6 + 20 + 2, 0), await shops.OwedAsync());
        await shops.ReturnAsync(shops.Shoes, "s-1", 2);
        Assert.Equal((30 + 3 + 10 + 1, 0), await shops.OwedAsync());
        await shops.ReturnAsync(shops.Shoes, "s-1", 2);
        Assert.Equal((0, 0), await shops.OwedAsync());
        Assert.Equal([66L, -6, -30, -30], (await shops.EntriesAsync())
            .Where(entry => entry.Kind is ClearingKind.Redeemed or ClearingKind.DisputeResolved or ClearingKind.SaleReturned)
            .Select(entry => entry.Postings[1].Amount.MinorUnits));
    }

    [Fact]
    public async Task A_contested_claw_back_is_given_back_in_part_and_stays_given_back()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
            terms.Fees.Add(new Fee { Trigger = FeeTrigger.Redemption, Payer = LegRole.Issuing, Amount = Usd(33) }));
        var redemption = await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);
        await shops.ReturnAsync(shops.Bakery, "p-1", 4);
        Assert.Equal((0, 0), await shops.OwedAsync());
        var clawBack = (await shops.EntriesAsync()).Single(entry => entry.Kind == ClearingKind.ClawedBack);

        Assert.Equal("NOT_A_PARTY", (await DisputeAsync(shops, shops.Bakery, clawBack.Number)).Reason);
        var dispute = (await DisputeAsync(shops, shops.Shoes, clawBack.Number)).Reply.Dispute;
        Assert.Equal((66L, shops.Shoes.Party()), (dispute.Amount.MinorUnits, dispute.OpenedBy));
        Assert.Equal("NOT_A_PARTY", (await ResolveAsync(shops, shops.Shoes, dispute, DisputeOutcome.Accepted)).Reason);
        _ = (await ResolveAsync(shops, shops.Bakery, dispute, DisputeOutcome.Accepted, 40)).Reply;

        Assert.Equal((40 + 20, 0), await shops.OwedAsync());
        Assert.Equal(0, (await shops.Bakery.Report(shops.AgreementId)).Legs[0].ClawedBack);
        _ = await JointShops.Call<ReverseCouponRedemptionResponse>(
            shops.Shoes,
            "CouponService/ReverseCouponRedemption",
            new ReverseCouponRedemptionRequest { RequestId = TestServer.NewId(), RedemptionId = redemption, Reason = "RETURNED" });
        Assert.Equal((0, 0), await shops.OwedAsync());
    }

    [Fact]
    public async Task An_entry_is_found_by_its_number_however_many_came_after_it()
    {
        const int Purchases = 300;
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
        {
            terms.Trigger.MaxOpenPerCustomer = 0;
            terms.Trigger.DaysValid = 0;
            terms.Fees.Add(new Fee { Trigger = FeeTrigger.Issue, Payer = LegRole.Issuing, Amount = Usd(1) });
        });
        var till = await shops.Bakery.KeyAsync(Role.Store);
        for (var number = 1; number <= Purchases; number++)
        {
            // Open coupons are limited for each customer, not for all days.
            if (number % 50 == 1) await shops.AdvanceAsync(JointShops.Start + Duration.FromDays(number / 50));
            _ = (await shops.Bakery.Client.Call<RecordPurchaseRequest, RecordPurchaseResponse>(
                "PurchaseService/RecordPurchase",
                new()
                {
                    RequestId = TestServer.NewId(), CustomerId = "anna", PurchaseId = $"p-{number}", Source = "pos", Total = Usd(1000),
                },
                till)).Reply;
            if (number % 50 == 0) await shops.DrainedAsync();
        }

        foreach (var number in (long[])[1, 2, 127, 128, 129, 200, 255, 256, 257, Purchases])
        {
            Assert.Equal(number, (await DisputeAsync(shops, shops.Bakery, number)).Reply.Dispute.EntryNumber);
        }

        Assert.Equal("CLEARING_ENTRY_NOT_FOUND", (await DisputeAsync(shops, shops.Bakery, Purchases + 20)).Reason);
    }

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
        JointShops shops, TestTenant by, Dispute dispute, DisputeOutcome outcome, long? amount = null) => JointShops.Ask<ResolveDisputeResponse>(
        by,
        "AgreementService/ResolveDispute",
        new ResolveDisputeRequest
        {
            RequestId = TestServer.NewId(), AgreementId = shops.AgreementId, DisputeId = dispute.DisputeId, Outcome = outcome,
            Amount = amount is { } cents ? Usd(cents) : null,
        });
}
