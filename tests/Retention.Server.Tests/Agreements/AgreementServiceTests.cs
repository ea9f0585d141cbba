using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Agreements;

public sealed class AgreementServiceTests
{
    [Fact]
    public async Task An_agreement_is_active_when_the_other_side_accepts_what_was_proposed()
    {
        await using var server = await TestServer.StartAsync();
        var (bakery, shoes) = (await server.CreateTenantAsync(), await server.CreateTenantAsync());
        var proposal = AgreementCalls.Proposal(bakery, shoes);

        var proposed = (await bakery.Propose(proposal)).Reply.Agreement;
        Assert.Equal(AgreementStatus.Proposed, proposed.Status);
        Assert.Equal([bakery.Party()], proposed.AcceptedBy);
        Assert.Equal(proposed, (await bakery.Propose(proposal)).Reply.Agreement);

        await shoes.Drained(proposal.AgreementId);
        var listed = await shoes.Client.Call<ListAgreementsRequest, ListAgreementsResponse>(
            "AgreementService/ListAgreements", new(), shoes.AdminKey);
        Assert.Equal(proposal.AgreementId, Assert.Single(listed.Reply.Agreements).AgreementId);

        var accepted = (await shoes.Accept(proposal.AgreementId)).Reply.Agreement;
        Assert.Equal(AgreementStatus.Active, accepted.Status);
        Assert.Equal(proposal.Terms.Funding.Select(part => part.ShareBps), accepted.Terms.Funding.Select(part => part.ShareBps));
        var position = await shoes.Position(proposal.AgreementId);
        Assert.Equal([0L, 0L], position.Positions.Select(brand => brand.Net.MinorUnits));
        Assert.True(position.SumIsZero);
    }

    [Fact]
    public async Task A_third_tenant_is_told_what_it_is_told_of_an_unknown_agreement()
    {
        await using var server = await TestServer.StartAsync();
        var (bakery, shoes) = (await server.CreateTenantAsync(), await server.CreateTenantAsync());
        var stranger = await server.CreateTenantAsync();
        var proposal = AgreementCalls.Proposal(bakery, shoes);
        await bakery.Propose(proposal);

        var (real, unknown) = (await stranger.Agreement(proposal.AgreementId), await stranger.Agreement("agr-none"));

        Assert.Equal((RpcStatus.NotFound, "AGREEMENT_NOT_FOUND"), (real.Code, real.Reason));
        Assert.Equal((unknown.Code, unknown.Reason), (real.Code, real.Reason));
        Assert.Equal("AGREEMENT_NOT_FOUND", (await stranger.Accept(proposal.AgreementId)).Reason);
    }

    [Fact]
    public async Task Shares_that_are_not_the_whole_and_terms_beyond_their_bounds_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        var (bakery, shoes) = (await server.CreateTenantAsync(), await server.CreateTenantAsync());

        var shares = AgreementCalls.Proposal(bakery, shoes);
        shares.Terms.Funding[0].ShareBps = 3332;
        Assert.Equal("FUNDING_NOT_WHOLE", (await bakery.Propose(shares)).Reason);

        var patient = AgreementCalls.Proposal(bakery, shoes);
        patient.Terms.ConfirmWithin = new() { Seconds = 91 * 24 * 3600 };
        var refused = await bakery.Propose(patient);
        Assert.Equal((RpcStatus.InvalidArgument, "FIELD_INVALID"), (refused.Code, refused.Reason));
        Assert.Equal("terms.confirm_within", refused.Raw.Info!.Metadata["field"]);

        var elsewhere = AgreementCalls.Proposal(bakery, shoes);
        elsewhere.Issuing.BrandId = elsewhere.Terms.Funding[0].Brand = "no-brand";
        Assert.Equal("BRAND_NOT_FOUND", (await bakery.Propose(elsewhere)).Reason);
    }
}
