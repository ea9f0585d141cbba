using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using NodaTime;
using Retention.Server.Client;
using Retention.V1;

namespace Retention.Server.Demo;

/// <summary>One tenant of the demo and the calls that are made in its name.</summary>
public sealed class DemoTenant(string tenantId, string brandId, RpcClient client)
{
    public const string Source = "demo";
    public const string Currency = "USD";
    public const string TimeZone = "America/New_York";
    public const string StoreId = "main";
    public const string TillId = "till-1";
    public const string CashierId = "cashier-1";
    public static readonly DateTimeZone Zone = DateTimeZoneProviders.Tzdb[TimeZone];

    public string TenantId => tenantId;

    public string BrandId => brandId;

    public static Money Dollars(long minorUnits) => new() { CurrencyCode = Currency, MinorUnits = minorUnits };

    public static Timestamp At(LocalDateTime local) =>
        Timestamp.FromDateTimeOffset(Zone.AtLeniently(local).ToDateTimeOffset());

    /// <summary>Calls "Service.Method".</summary>
    public Task<TReply> CallAsync<TReply>(string method, IMessage request, CancellationToken stop)
        where TReply : IMessage<TReply>, new() =>
        client.Call<TReply>("retention.v1." + method.Replace('.', '/'), request, stop);

    public Task AdvanceClockAsync(LocalDateTime to, CancellationToken stop) => CallAsync<AdvanceClockResponse>(
        "TenantService.AdvanceClock",
        new AdvanceClockRequest { RequestId = RequestIds.Of("clock", $"{to:uuuu-MM-dd.HH.mm.ss}"), ToTime = At(to) },
        stop);

    public Task EnrollAsync(string household, CancellationToken stop) => CallAsync<EnrollCustomerResponse>(
        "CustomerService.EnrollCustomer",
        new EnrollCustomerRequest
        {
            RequestId = RequestIds.Of("enroll", household),
            CustomerId = household,
            StoreId = StoreId,
            TillId = TillId,
            CashierId = CashierId,
        },
        stop);

    public async Task<long> PendingEffectsAsync(CancellationToken stop) =>
        (await CallAsync<GetTenantResponse>("TenantService.GetTenant", new GetTenantRequest(), stop)).PendingEffects;
}
