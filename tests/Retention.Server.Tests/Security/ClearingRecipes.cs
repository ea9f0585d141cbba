using Retention.Server.Tests.Agreements;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Security;

/// <summary>Payments and disputes for the probes, in agreements between two brands of the tenant itself.</summary>
internal static class ClearingRecipes
{
    public static void Fill(RecordSettlementRequest request, TestTenant tenant)
    {
        request.Payer = tenant.BrandId;
        request.Amount = OfferCalls.Usd(100);
        request.ValueDate = "2026-01-15";
    }

    public static async Task<string> SettlementAsync(TestTenant tenant, string agreementId)
    {
        var request = new RecordSettlementRequest
        {
            RequestId = TestServer.NewId(), AgreementId = agreementId, BankReference = TestServer.NewId("E2E"),
        };
        Fill(request, tenant);
        return (await tenant.Client.Call<RecordSettlementRequest, RecordSettlementResponse>(
            "AgreementService/RecordSettlement", request, tenant.AdminKey)).Reply.Settlement.SettlementId;
    }

    /// <summary>A proposal to a brand whose books are in euro, and which nobody has heard of.</summary>
    public static async Task<string> ExchangingAgreementAsync(TestTenant tenant)
    {
        var proposal = AgreementCalls.Proposal(tenant, tenant);
        proposal.Redeeming = new AgreementParty { TenantId = "elsewhere", BrandId = "boots" };
        proposal.Terms.Funding[1].Brand = "boots";
        proposal.Terms.Fx = new FxTerms
        {
            Brand = "boots",
            CurrencyCode = "EUR",
            Source = "ECB",
            RoundingParty = "boots",
            AmountOff = new Money { CurrencyCode = "EUR", MinorUnits = 200 },
        };
        _ = (await tenant.Propose(proposal)).Reply;
        return proposal.AgreementId;
    }

    /// <summary>An agreement whose first entry is a month's fee.</summary>
    public static async Task<string> ChargedAgreementAsync(TestTenant tenant)
    {
        var proposal = AgreementCalls.Proposal(tenant, tenant);
        proposal.Terms.Fees.Add(new Fee { Trigger = FeeTrigger.Period, Payer = LegRole.Issuing, Amount = OfferCalls.Usd(100) });
        await JointRecipes.WithinAsync(proposal, tenant);
        _ = (await tenant.Propose(proposal)).Reply;
        _ = (await tenant.Client.Call<PauseAgreementRequest, PauseAgreementResponse>(
            "AgreementService/PauseAgreement",
            new() { RequestId = TestServer.NewId(), AgreementId = proposal.AgreementId },
            tenant.AdminKey)).Reply;
        return proposal.AgreementId;
    }

    public static async Task<string> DisputeAsync(TestTenant tenant, string agreementId) =>
        (await tenant.Client.Call<OpenDisputeRequest, OpenDisputeResponse>(
            "AgreementService/OpenDispute",
            new() { RequestId = TestServer.NewId(), AgreementId = agreementId, EntryNumber = 1, Reason = "NOT_AGREED" },
            tenant.AdminKey)).Reply.Dispute.DisputeId;
}
