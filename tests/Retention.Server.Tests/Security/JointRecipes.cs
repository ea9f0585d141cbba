using Google.Protobuf;
using Retention.Server.Tests.Agreements;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Security;

/// <summary>Offers, coupons and agreements for the probes, and what samples by name cannot know of their requests.</summary>
public static class JointRecipes
{
    public const string Campaign = "sample-campaign";

    /// <summary>An active offer of unique coupons.</summary>
    public static async Task<string> Offer(TestTenant tenant) => (await tenant.ActiveOffer(new Offer
    {
        OfferId = TestServer.NewId("offer"),
        CampaignId = Campaign,
        Discount = new Discount { AmountOff = OfferCalls.Usd(1) },
    })).OfferId;

    /// <summary>The code of a coupon that whoever bears it may redeem.</summary>
    public static async Task<string> Coupon(TestTenant tenant) =>
        (await tenant.Client.Call<IssueCouponsRequest, IssueCouponsResponse>(
            "OfferService/IssueCoupons",
            new() { RequestId = TestServer.NewId(), OfferId = await Offer(tenant), Count = 1 },
            tenant.AdminKey)).Reply.Coupons[0].Code;

    public static async Task<string> Redemption(TestTenant tenant) =>
        (await tenant.Redeem(new RedeemCouponRequest { Code = await Coupon(tenant) })).Reply.Redemption.RedemptionId;

    public static async Task<string> Series(TestTenant tenant) =>
        (await tenant.Client.Call<IssueCouponsRequest, IssueCouponsResponse>(
            "OfferService/IssueCoupons",
            new() { RequestId = TestServer.NewId(), OfferId = await Offer(tenant), Count = 501 },
            tenant.AdminKey)).Reply.Series.SeriesId;

    /// <summary>A coupon that one order has reserved.</summary>
    public static async Task<string> Reservation(TestTenant tenant) => (await tenant.Reserve(
        new ReserveCouponRequest { Code = await Coupon(tenant), OrderId = TestServer.NewId("order"), Source = "web" }))
        .Reply.ReservationId;

    /// <summary>An active agreement between two brands of the tenant itself.</summary>
    public static async Task<string> Agreement(TestTenant tenant)
    {
        var proposal = AgreementCalls.Proposal(tenant, tenant);
        await WithinAsync(proposal, tenant);
        _ = (await tenant.Propose(proposal)).Reply;
        return proposal.AgreementId;
    }

    /// <summary>Makes a request that was filled by samples one that holds together.</summary>
    public static async Task FinishAsync(IMessage message, TestTenant tenant)
    {
        switch (message)
        {
            case Offer offer:
                offer.CodePrefix = "";
                break;
            case Discount discount:
                discount.ShareBps = 0;
                break;
            case RedeemCouponRequest redemption when redemption.ReservationId.Length > 0:
                await ReserveAsync(redemption, tenant);
                break;
            case ReverseCouponRedemptionRequest reversal:
                reversal.Lines.Clear();
                break;
            case ProposeAgreementRequest proposal:
                proposal.Terms = AgreementCalls.Proposal(tenant, tenant).Terms;
                await WithinAsync(proposal, tenant);
                break;
            case ResumeAgreementRequest resume:
                _ = (await tenant.Client.Call<PauseAgreementRequest, PauseAgreementResponse>(
                    "AgreementService/PauseAgreement",
                    new() { RequestId = TestServer.NewId(), AgreementId = resume.AgreementId },
                    tenant.AdminKey)).Reply;
                break;
        }
    }

    // A reservation is of the very coupon and customer; the same question under its order gets the first answer.
    private static async Task ReserveAsync(RedeemCouponRequest redemption, TestTenant tenant) =>
        redemption.ReservationId = (await tenant.Reserve(new ReserveCouponRequest
        {
            Code = redemption.Code,
            CampaignId = redemption.CampaignId,
            CustomerId = redemption.CustomerId,
            StoreId = redemption.StoreId,
            OrderId = redemption.Code,
            Source = "web",
        })).Reply.ReservationId;

    private static async Task WithinAsync(ProposeAgreementRequest proposal, TestTenant tenant)
    {
        var other = TestServer.NewId("brand");
        await tenant.CreateBrandAsync(other);
        proposal.Issuing = tenant.Party();
        proposal.Redeeming = new AgreementParty { TenantId = tenant.TenantId, BrandId = other };
        proposal.Terms.Funding[1].Brand = other;
    }
}
