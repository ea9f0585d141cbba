using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Security;

/// <summary>
/// For each kind of thing an id may refer to: how a tenant gets one. A kind without a recipe fails the probes, so that
/// a new id field cannot stay unprobed.
/// </summary>
public static class Recipes
{
    private static readonly Dictionary<RefersTo, Func<TestTenant, Task<string>>> Known = new()
    {
        [RefersTo.Tenant] = tenant => Task.FromResult(tenant.TenantId),
        [RefersTo.Brand] = tenant => Task.FromResult(tenant.BrandId),
        [RefersTo.Store] = tenant => Task.FromResult(tenant.StoreId),
        [RefersTo.LegalEntity] = LegalEntity,
        [RefersTo.Credential] = Credential,
        [RefersTo.Operation] = Operation,
        [RefersTo.Offer] = JointRecipes.Offer,
        [RefersTo.Coupon] = JointRecipes.Coupon,
        [RefersTo.Redemption] = JointRecipes.Redemption,
        [RefersTo.Reservation] = JointRecipes.Reservation,
        [RefersTo.CodeSeries] = JointRecipes.Series,
        [RefersTo.Agreement] = JointRecipes.Agreement,
        [RefersTo.Settlement] = async tenant => await ClearingRecipes.SettlementAsync(tenant, await JointRecipes.Agreement(tenant)),
        [RefersTo.Dispute] = async tenant => await ClearingRecipes.DisputeAsync(tenant, await ClearingRecipes.ChargedAgreementAsync(tenant)),
        [RefersTo.LinkToken] = JointRecipes.LinkToken,
        [RefersTo.Customer] = Customer,
        [RefersTo.Card] = Customer,
        [RefersTo.Purchase] = Purchase,
        [RefersTo.PointsRedemption] = PointsRedemption,
        [RefersTo.PointsHold] = PointsHold,
    };

    /// <summary>The id of one such thing of the tenant, made for this question where that matters.</summary>
    public static Task<string> MakeAsync(RefersTo kind, TestTenant tenant) => Known.TryGetValue(kind, out var make)
        ? make(tenant)
        : throw new Xunit.Sdk.XunitException($"No recipe makes a {kind}: add one to {nameof(Recipes)}.");

    /// <summary>An id of the same shape that nothing has. Zeros stay: leading ones are not part of a phone number.</summary>
    public static string Unknown(string like) => string.Concat(like.Select((character, index) =>
        character is >= '1' and <= '9' ? (char)('1' + ((character - '1' + (index % 8) + 1) % 9)) : character));

    private static async Task<string> LegalEntity(TestTenant tenant)
    {
        var entityId = TestServer.NewId("entity");
        _ = (await tenant.Client.Call<CreateLegalEntityRequest, CreateLegalEntityResponse>(
            "TenantService/CreateLegalEntity",
            new()
            {
                RequestId = TestServer.NewId("request"),
                EntityId = entityId,
                DisplayName = $"Company {entityId}",
                Country = "LT",
            },
            tenant.AdminKey)).Reply;
        return entityId;
    }

    private static async Task<string> Credential(TestTenant tenant) =>
        (await tenant.CreateCredentialAsync(Role.Auditor, "", "")).Credential.CredentialId;

    private static async Task<string> Operation(TestTenant tenant)
    {
        var requestId = TestServer.NewId("request");
        _ = (await tenant.Client.Call<CreateBrandRequest, CreateBrandResponse>(
            "TenantService/CreateBrand",
            new() { RequestId = requestId, BrandId = TestServer.NewId("brand"), DisplayName = "Made for its request" },
            tenant.AdminKey)).Reply;
        return requestId;
    }

    // His card has the number that is his id, so that a request may name both.
    internal static async Task<string> Customer(TestTenant tenant)
    {
        var customerId = TestServer.NewId("customer");
        _ = (await tenant.Client.Call<EnrollCustomerRequest, EnrollCustomerResponse>(
            "CustomerService/EnrollCustomer",
            new() { RequestId = TestServer.NewId("request"), CustomerId = customerId, CardNumber = customerId },
            tenant.AdminKey)).Reply;
        await BuyAsync(tenant, customerId);
        return customerId;
    }

    private static async Task<string> Purchase(TestTenant tenant) => await BuyAsync(tenant, await Customer(tenant));

    private static async Task<string> PointsRedemption(TestTenant tenant) =>
        (await tenant.Client.Call<RedeemPointsRequest, RedeemPointsResponse>(
            "LoyaltyService/RedeemPoints",
            new() { RequestId = TestServer.NewId("request"), CustomerId = await Customer(tenant), Millipoints = 1 },
            tenant.AdminKey)).Reply.RedemptionId;

    private static async Task<string> PointsHold(TestTenant tenant) =>
        (await tenant.Client.Call<AuthorizePointsRequest, AuthorizePointsResponse>(
            "LoyaltyService/AuthorizePoints",
            new()
            {
                RequestId = TestServer.NewId("request"),
                CustomerId = await Customer(tenant),
                Millipoints = 1,
                Ttl = new() { Seconds = 60 },
            },
            tenant.AdminKey)).Reply.HoldId;

    private static async Task<string> BuyAsync(TestTenant tenant, string customerId)
    {
        var price = new Money { CurrencyCode = "USD", MinorUnits = 10_000 };
        var request = new RecordPurchaseRequest
        {
            RequestId = TestServer.NewId("request"),
            CustomerId = customerId,
            PurchaseId = TestServer.NewId("purchase"),
            Source = RequestFactory.Source,
            BrandId = tenant.BrandId,
            Lines = { new Line { LineId = RequestFactory.LineId, Quantity = 10, Amount = price } },
            Total = price,
        };
        _ = (await tenant.Client.Call<RecordPurchaseRequest, RecordPurchaseResponse>(
            "PurchaseService/RecordPurchase", request, tenant.AdminKey)).Reply;
        return request.PurchaseId;
    }
}
