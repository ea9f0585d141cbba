using NodaTime;
using Retention.Server.Rpc;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Agreements;

/// <summary>JC5 over gRPC: notice, what was promised, and a final statement.</summary>
public sealed class EndingServiceTests
{
    [Fact]
    public async Task An_agreement_issues_during_notice_then_honors_then_closes_with_a_final_statement()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
        {
            (terms.NoticeDays, terms.ClawBackDays) = (2, 4);
            (terms.Trigger.DaysValid, terms.Trigger.MaxOpenPerCustomer) = (3, 5);
        });
        var redemption = await shops.RedeemAsync((await shops.BuyAsync("p-0"))!);
        Assert.Equal(AgreementStatus.Ending, (await EndAsync(shops)).Reply.Agreement.Status);
        Assert.Equal("AGREEMENT_ENDED", (await EndAsync(shops)).Reason);
        await shops.DrainedAsync();
        var noticed = (await shops.BuyAsync("p-1"))!;

        var end = (await AgreementAsync(shops)).EndTime.ToDateTimeOffset();
        await shops.AdvanceAsync(Instant.FromDateTimeOffset(end));
        Assert.Null(await shops.BuyAsync("p-2"));
        await shops.RedeemAsync(noticed);
        var ended = await AgreementAsync(shops);
        Assert.Equal(AgreementStatus.Ended, ended.Status);
        Assert.False((await shops.StatementAsync("2017-05")).IsFinal);

        await shops.AdvanceAsync(Instant.FromDateTimeOffset(ended.CloseTime.ToDateTimeOffset()));
        Assert.Equal(AgreementStatus.Closed, (await AgreementAsync(shops)).Status);
        var final = await shops.StatementAsync("2017-05");
        Assert.Equal((true, false, 132L), (final.IsFinal, final.IsClosed, final.Closing.MinorUnits));
        Assert.Equal(ended.CloseTime, final.AsOfTime);
        final.IsClosed = true;

        await shops.AdvanceAsync(JointShops.Start + Duration.FromDays(100));
        Assert.Equal(final, await shops.StatementAsync("2017-05"));
        await shops.ReturnAsync(shops.Bakery, "p-0", 4);
        var refused = await JointShops.Ask<ReverseCouponRedemptionResponse>(
            shops.Shoes,
            "CouponService/ReverseCouponRedemption",
            new ReverseCouponRedemptionRequest { RequestId = TestServer.NewId(), RedemptionId = redemption, Reason = "RETURNED" });
        Assert.Equal("AGREEMENT_CLOSED", refused.Reason);
        Assert.Equal((132, 0), await shops.OwedAsync());
        Assert.Equal(final, await shops.StatementAsync("2017-05"));
        Assert.Equal("PERIOD_NOT_FOUND", (await JointShops.Ask<GetStatementResponse>(
            shops.Shoes,
            "AgreementService/GetStatement",
            new GetStatementRequest { AgreementId = shops.AgreementId, Period = "2017-06" })).Reason);
    }

    private static async Task<Agreement> AgreementAsync(JointShops shops) =>
        (await shops.Shoes.Agreement(shops.AgreementId)).Reply.Agreement;

    private static Task<RpcAnswer<EndAgreementResponse>> EndAsync(JointShops shops) => JointShops.Ask<EndAgreementResponse>(
        shops.Bakery,
        "AgreementService/EndAgreement",
        new EndAgreementRequest { RequestId = TestServer.NewId(), AgreementId = shops.AgreementId });
}
