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

    /// <summary>Of a customer who consented, in an agreement between two brands of the tenant itself.</summary>
    public static async Task<string> LinkToken(TestTenant tenant)
    {
        var request = new CreateLinkTokenRequest
        {
            RequestId = TestServer.NewId(), CustomerId = await Recipes.Customer(tenant), AgreementId = await Agreement(tenant),
        };
        await tenant.Drained(request.AgreementId);
        await AllowAsync(tenant, request.CustomerId, request.AgreementId);
        var token = (await tenant.Client.Call<CreateLinkTokenRequest, CreateLinkTokenResponse>(
            "CustomerService/CreateLinkToken", request, tenant.AdminKey)).Reply.LinkToken;
        await tenant.Drained(request.AgreementId);
        return token;
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
                (discount.ShareBps, discount.FreeProduct, discount.FixedPrice, discount.GiftCredit) = (0, "", null, null);
                break;
            case OfferConditions conditions:
                conditions.Bins.Clear();
                break;
            case Basket basket:
                basket.Bin = "";
                break;
            case UpdateOfferRequest update:
                update.UpdateMask = new() { Paths = { "limits" } };
                break;
            case RedeemCouponRequest redemption when redemption.ReservationId.Length > 0:
                await ReserveAsync(redemption, tenant);
                break;
            case SignCouponsRequest:
                _ = (await tenant.Client.Call<RotateSigningKeyRequest, RotateSigningKeyResponse>(
                    "CouponService/RotateSigningKey", new() { RequestId = TestServer.NewId() }, tenant.AdminKey)).Reply;
                break;
            case ReverseCouponRedemptionRequest reversal:
                reversal.Lines.Clear();
                break;
            case ProposeAgreementRequest proposal:
                proposal.Terms = AgreementCalls.Proposal(tenant, tenant).Terms;
                await WithinAsync(proposal, tenant);
                break;
            case TransferPointsRequest transfer:
                transfer.ToCustomerId = await Recipes.Customer(tenant);
                break;
            case AmendAgreementRequest amendment:
                amendment.Terms = (await tenant.Agreement(amendment.AgreementId)).Reply.Agreement.Terms;
                amendment.Terms.PeriodTimeZone = "";
                break;
            case CreateLinkTokenRequest token:
                await tenant.Drained(token.AgreementId);
                await AllowAsync(tenant, token.CustomerId, token.AgreementId);
                break;
            case LinkCustomerRequest link:
                await AllowAsync(tenant, link.CustomerId, link.LinkToken.Split('.')[1]);
                break;
            case UnlinkCustomerRequest unlink:
                await LinkAsync(tenant, unlink);
                break;
            case ListEntityEntriesRequest entries:
                entries.PartnerId = "";
                break;
            case GetEntityStatementRequest statement:
                statement.PartnerId = "";
                break;
            case RecordSettlementRequest settlement:
                ClearingRecipes.Fill(settlement, tenant);
                break;
            case ConfirmSettlementRequest confirmation:
                confirmation.SettlementId = await ClearingRecipes.SettlementAsync(tenant, confirmation.AgreementId);
                break;
            case RecordExchangeRateRequest rate:
                rate.AgreementId = await ClearingRecipes.ExchangingAgreementAsync(tenant);
                rate.Rate = new ExchangeRate { RateDate = "2026-01-15", Units = 1000, CounterUnits = 909, Source = "ECB" };
                break;
            case OpenDisputeRequest dispute:
                (dispute.AgreementId, dispute.EntryNumber) = (await ClearingRecipes.ChargedAgreementAsync(tenant), 1);
                break;
            case ResolveDisputeRequest resolution:
                resolution.AgreementId = await ClearingRecipes.ChargedAgreementAsync(tenant);
                resolution.DisputeId = await ClearingRecipes.DisputeAsync(tenant, resolution.AgreementId);
                resolution.Outcome = DisputeOutcome.Accepted;
                resolution.Amount = null;
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

    // The customer is linked to another one of the same tenant.
    private static async Task LinkAsync(TestTenant tenant, UnlinkCustomerRequest unlink)
    {
        var link = new LinkCustomerRequest
        {
            RequestId = TestServer.NewId(), LinkToken = await LinkToken(tenant), CustomerId = unlink.CustomerId,
        };
        unlink.AgreementId = link.LinkToken.Split('.')[1];
        await AllowAsync(tenant, unlink.CustomerId, unlink.AgreementId);
        _ = (await tenant.Client.Call<LinkCustomerRequest, LinkCustomerResponse>(
            "CustomerService/LinkCustomer", link, tenant.AdminKey)).Reply;
        await tenant.Drained(unlink.AgreementId);
    }

    private static async Task AllowAsync(TestTenant tenant, string customerId, string agreementId)
    {
        var agreement = (await tenant.Agreement(agreementId)).Reply.Agreement;
        foreach (var brandId in new[] { agreement.Issuing.BrandId, agreement.Redeeming.BrandId })
        {
            _ = (await tenant.Client.Call<ChangeConsentRequest, ChangeConsentResponse>(
                "CustomerService/ChangeConsent",
                new()
                {
                    RequestId = TestServer.NewId(),
                    CustomerId = customerId,
                    Consents =
                    {
                        new Consent { BrandId = brandId, Channel = Channel.Store, Purpose = Purpose.Sharing, Granted = true },
                    },
                },
                tenant.AdminKey)).Reply;
        }
    }

    public static async Task WithinAsync(ProposeAgreementRequest proposal, TestTenant tenant)
    {
        var other = TestServer.NewId("brand");
        await tenant.CreateBrandAsync(other);
        proposal.Issuing = tenant.Party();
        proposal.Redeeming = new AgreementParty { TenantId = tenant.TenantId, BrandId = other };
        proposal.Terms.Funding[1].Brand = other;
    }
}
