using Google.Protobuf;
using NodaTime;
using Retention.Server.Rpc;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

/// <summary>What a till and a back office of one tenant ask, with everything filled in that a test does not care for.</summary>
internal sealed class Shop(TestTenant tenant, string till)
{
    public static readonly Instant Noon = Instant.FromUtc(2017, 3, 1, 17, 0);

    public TestTenant Tenant => tenant;

    public static async Task<Shop> OpenAsync(TestServer server)
    {
        var tenant = await server.CreateTenantAsync(virtualStart: Noon);
        return new Shop(tenant, await tenant.KeyAsync(Role.Store));
    }

    public static Money Usd(long cents) => new() { CurrencyCode = "USD", MinorUnits = cents };

    public static Line Line(string id, long cents, long quantity = 1) =>
        new() { LineId = id, Quantity = quantity, Amount = Usd(cents), Category = "boots" };

    /// <summary>A call from the till.</summary>
    public Task<RpcAnswer<TResponse>> Ask<TResponse>(string method, IMessage request)
        where TResponse : IMessage<TResponse>, new() => As<TResponse>(till, method, request);

    /// <summary>A call from the tenant's admin.</summary>
    public Task<RpcAnswer<TResponse>> AskAsAdmin<TResponse>(string method, IMessage request)
        where TResponse : IMessage<TResponse>, new() => As<TResponse>(tenant.AdminKey, method, request);

    public async Task<Customer> EnrollAsync(string id = "ann", string card = "", Profile? profile = null) =>
        (await Ask<EnrollCustomerResponse>("CustomerService/EnrollCustomer", new EnrollCustomerRequest
        {
            RequestId = TestServer.NewId(), CustomerId = id, CardNumber = card, Profile = profile, TillId = "1", CashierId = "7",
        })).Reply.Customer;

    public Task<RpcAnswer<RecordPurchaseResponse>> BuyAsync(
        string purchaseId, long cents, Action<RecordPurchaseRequest>? change = null)
    {
        var request = Sale(purchaseId, cents);
        change?.Invoke(request);
        return Ask<RecordPurchaseResponse>("PurchaseService/RecordPurchase", request);
    }

    public static RecordPurchaseRequest Sale(string purchaseId, long cents) => new()
    {
        RequestId = TestServer.NewId(), CustomerId = "ann", PurchaseId = purchaseId, Source = "pos", Total = Usd(cents),
        Lines = { Line("1", cents) }, TillId = "1", CashierId = "7",
    };

    public Task<RpcAnswer<VoidPurchaseResponse>> VoidAsync(string purchaseId, Action<VoidPurchaseRequest>? change = null)
    {
        var request = new VoidPurchaseRequest
        {
            RequestId = TestServer.NewId(), Source = "pos", PurchaseId = purchaseId, Reason = "typed twice", TillId = "1", CashierId = "7",
        };
        change?.Invoke(request);
        return Ask<VoidPurchaseResponse>("PurchaseService/VoidPurchase", request);
    }

    public Task<RpcAnswer<ReassignPurchaseResponse>> ReassignAsync(
        string purchaseId, string customerId, Action<ReassignPurchaseRequest>? change = null)
    {
        var request = new ReassignPurchaseRequest
        {
            RequestId = TestServer.NewId(), Source = "pos", PurchaseId = purchaseId, CustomerId = customerId,
            Reason = "forgot the card", TillId = "1", CashierId = "7",
        };
        change?.Invoke(request);
        return Ask<ReassignPurchaseResponse>("PurchaseService/ReassignPurchase", request);
    }

    public async Task<PointsBalance> BalanceAsync(string id = "ann") =>
        (await Ask<GetBalanceResponse>("LoyaltyService/GetBalance", new GetBalanceRequest { CustomerId = id })).Reply.Balance;

    public async Task AdvanceToAsync(Instant to) => _ = (await AskAsAdmin<AdvanceClockResponse>(
        "TenantService/AdvanceClock", new AdvanceClockRequest { RequestId = TestServer.NewId(), ToTime = to.ToProto() })).Reply;

    private Task<RpcAnswer<TResponse>> As<TResponse>(string key, string method, IMessage request)
        where TResponse : IMessage<TResponse>, new() => tenant.Client.Call<TResponse>(method, request, key);
}
