using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>What two brands do with an agreement, over the wire.</summary>
internal static class AgreementCalls
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static AgreementParty Party(this TestTenant tenant) =>
        new() { TenantId = tenant.TenantId, BrandId = tenant.BrandId };

    public static ProposeAgreementRequest Proposal(TestTenant issuing, TestTenant redeeming) => new()
    {
        RequestId = TestServer.NewId(),
        AgreementId = TestServer.NewId("agreement"),
        Issuing = issuing.Party(),
        Redeeming = redeeming.Party(),
        Terms = new AgreementTerms
        {
            Offer = new JointOffer { AmountOff = Usd(199) },
            Trigger = new JointTrigger { DaysValid = 30, MaxOpenPerCustomer = 1 },
            Funding =
            {
                new Funding { Brand = issuing.BrandId, ShareBps = 3333 },
                new Funding { Brand = redeeming.BrandId, ShareBps = 6667, RoundingParty = true },
            },
            CurrencyCode = "USD",
            Settle = Settle.AtRedeem,
            TriggerReturnLoss = TriggerReturnLoss.Mirror,
            Mirrored = true,
        },
    };

    public static Task<RpcAnswer<ProposeAgreementResponse>> Propose(
        this TestTenant tenant, ProposeAgreementRequest proposal) =>
        tenant.Client.Call<ProposeAgreementRequest, ProposeAgreementResponse>(
            "AgreementService/ProposeAgreement", proposal, tenant.AdminKey);

    public static Task<RpcAnswer<AcceptAgreementResponse>> Accept(this TestTenant tenant, string agreementId) =>
        tenant.Client.Call<AcceptAgreementRequest, AcceptAgreementResponse>(
            "AgreementService/AcceptAgreement",
            new() { RequestId = TestServer.NewId(), AgreementId = agreementId, TermsVersion = 1 },
            tenant.AdminKey);

    public static Task<RpcAnswer<GetAgreementResponse>> Agreement(this TestTenant tenant, string agreementId) =>
        tenant.Client.Call<GetAgreementRequest, GetAgreementResponse>(
            "AgreementService/GetAgreement", new() { AgreementId = agreementId }, tenant.AdminKey);

    public static async Task<GetPositionResponse> Position(this TestTenant tenant, string agreementId) =>
        (await tenant.Client.Call<GetPositionRequest, GetPositionResponse>(
            "AgreementService/GetPosition", new() { AgreementId = agreementId }, tenant.AdminKey)).Reply;

    public static async Task<GetJointOfferReportResponse> Report(this TestTenant tenant, string agreementId) =>
        (await tenant.Client.Call<GetJointOfferReportRequest, GetJointOfferReportResponse>(
            "AgreementService/GetJointOfferReport", new() { AgreementId = agreementId }, tenant.AdminKey)).Reply;

    /// <summary>Waits until nothing is on its way between the agreement and its tenants.</summary>
    public static async Task Drained(this TestTenant tenant, string agreementId)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            var pending = (await tenant.Agreement(agreementId)).Reply.PendingEffects;
            if (pending == 0) return;
            Assert.True(DateTime.UtcNow < deadline, $"{pending} effects are still on their way.");
        }
    }
}
