using Retention.Server.Tests.Agreements;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

/// <summary>How one person becomes known at two brands, over the wire.</summary>
internal static class LinkCalls
{
    /// <summary>Both consent, one takes a token and brings it to the other brand.</summary>
    public static async Task LinkAsync(Shop from, string customerId, Shop to, string otherId, string agreementId)
    {
        await AllowAsync(from, customerId);
        await AllowAsync(to, otherId);
        var token = (await from.Ask<CreateLinkTokenResponse>("CustomerService/CreateLinkToken", new CreateLinkTokenRequest
        {
            RequestId = TestServer.NewId(), CustomerId = customerId, AgreementId = agreementId,
        })).Reply.LinkToken;
        await from.Tenant.Drained(agreementId);
        _ = (await to.Ask<LinkCustomerResponse>("CustomerService/LinkCustomer", new LinkCustomerRequest
        {
            RequestId = TestServer.NewId(), LinkToken = token, CustomerId = otherId,
        })).Reply;
        await from.Tenant.Drained(agreementId);
    }

    public static async Task AllowAsync(Shop shop, string customerId, bool isGranted = true) =>
        _ = (await shop.Ask<ChangeConsentResponse>("CustomerService/ChangeConsent", new ChangeConsentRequest
        {
            RequestId = TestServer.NewId(),
            CustomerId = customerId,
            Consents =
            {
                new Consent { BrandId = shop.Tenant.BrandId, Channel = Channel.Store, Purpose = Purpose.Sharing, Granted = isGranted },
            },
        })).Reply;
}
