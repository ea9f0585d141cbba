using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>JC1 over gRPC: terms are amended by both, and coupons settle under the terms of their issue.</summary>
public sealed class AmendmentServiceTests
{
    [Fact]
    public async Task Terms_change_when_the_other_side_accepts_and_each_coupon_settles_under_its_own()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms => terms.Trigger.MaxOpenPerCustomer = 5);
        var first = (await shops.BuyAsync("p-1"))!;
        var terms = (await shops.Shoes.Agreement(shops.AgreementId)).Reply.Agreement.Terms;
        terms.Offer.AmountOff = Usd(300);
        (terms.Funding[0].ShareBps, terms.Funding[1].ShareBps) = (5000, 5000);

        var proposed = (await AmendAsync(shops.Shoes, shops.AgreementId, terms)).Reply.Agreement;
        Assert.Equal((1, 2), (proposed.TermsVersion, proposed.ProposedTermsVersion));
        Assert.Equal((199, 300), (proposed.Terms.Offer.AmountOff.MinorUnits, proposed.ProposedTerms.Offer.AmountOff.MinorUnits));
        Assert.Equal([shops.Shoes.Party()], proposed.ProposedAcceptedBy);
        var second = (await shops.BuyAsync("p-2"))!;

        var accepted = (await AcceptAsync(shops.Bakery, shops.AgreementId, 2)).Reply.Agreement;
        Assert.Equal((2, 0, AgreementStatus.Active), (accepted.TermsVersion, accepted.ProposedTermsVersion, accepted.Status));
        Assert.Null(accepted.ProposedTerms);
        await shops.DrainedAsync();
        var third = (await shops.BuyAsync("p-3"))!;
        foreach (var code in (string[])[first, second, third])
        {
            await shops.RedeemAsync(code);
        }

        Assert.Equal((66 + 66 + 150, 0), await shops.OwedAsync());
        Assert.Equal([1, 1, 2], (await shops.EntriesAsync()).Select(entry => entry.TermsVersion));
    }

    [Fact]
    public async Task What_cannot_be_amended_is_refused_by_name_and_changes_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, _ => { });
        var before = (await shops.Shoes.Agreement(shops.AgreementId)).Reply.Agreement;

        var zone = before.Terms.Clone();
        zone.PeriodTimeZone = "Asia/Tokyo";
        var refused = await AmendAsync(shops.Shoes, shops.AgreementId, zone);
        Assert.Equal((RpcStatus.FailedPrecondition, "TERMS_NOT_AMENDABLE"), (refused.Code, refused.Reason));
        Assert.Equal("terms.period_time_zone", refused.Raw.Info!.Metadata["field"]);
        Assert.Equal(before.Terms.PeriodTimeZone, refused.Raw.Info!.Metadata["value"]);

        var party = before.Terms.Clone();
        party.Funding[0].Brand = "hats";
        Assert.Equal("FIELD_INVALID", (await AmendAsync(shops.Shoes, shops.AgreementId, party)).Reason);
        Assert.Equal("TERMS_VERSION_MISMATCH", (await AcceptAsync(shops.Shoes, shops.AgreementId, 2)).Reason);

        Assert.Equal(before, (await shops.Shoes.Agreement(shops.AgreementId)).Reply.Agreement);
    }

    private static Task<RpcAnswer<AmendAgreementResponse>> AmendAsync(
        TestTenant tenant, string agreementId, AgreementTerms terms) => JointShops.Ask<AmendAgreementResponse>(
        tenant,
        "AgreementService/AmendAgreement",
        new AmendAgreementRequest { RequestId = TestServer.NewId(), AgreementId = agreementId, Terms = terms });

    private static Task<RpcAnswer<AcceptAgreementResponse>> AcceptAsync(TestTenant tenant, string agreementId, int version) =>
        JointShops.Ask<AcceptAgreementResponse>(
            tenant,
            "AgreementService/AcceptAgreement",
            new AcceptAgreementRequest { RequestId = TestServer.NewId(), AgreementId = agreementId, TermsVersion = version });
}
