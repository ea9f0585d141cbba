using System.Collections.Concurrent;
using Google.Protobuf;
using Retention.Server.Client;
using Retention.Server.Demo;
using Retention.V1;

namespace Retention.Server.Tests.Kill9;

/// <summary>An operation that the server said was done.</summary>
public sealed record Acknowledged(
    string RequestId, string Customer, long Millipoints, Func<Task<IMessage>> Repeat, IMessage Reply);

/// <summary>
/// One tenant on a server process that is killed under its 64 tills. Every call carries a request id and is sent again
/// until it is answered, so that afterwards the books must hold each answered operation exactly once.
/// </summary>
public sealed class KilledShop(DemoServer server) : IDisposable
{
    public const int Tills = 64;
    private const string OfferId = "hot";
    private const string Code = "HOT";
    private static readonly CancellationToken Never = CancellationToken.None;

    // The server may be up for a tenth of a second between two kills: a till with bad luck misses it for more than a minute.
    private static readonly RpcPatience Stubborn = RpcPatience.Default with { Total = TimeSpan.FromMinutes(10) };
    private readonly ConcurrentBag<Acknowledged> acknowledged = [];
    private RpcClient? platform;
    private RpcClient? tenant;
    private string tenantKey = "";

    public IReadOnlyCollection<Acknowledged> Acknowledged => acknowledged;

    public async Task OpenAsync()
    {
        platform = server.Client(server.BootstrapKey(), Stubborn);
        var request = new CreateTenantRequest
        {
            RequestId = "tenant", TenantId = "shop", DisplayName = "Shop", CurrencyCode = "USD", TimeZone = "UTC",
        };
        var created = await platform.Call<CreateTenantResponse>("retention.v1.TenantService/CreateTenant", request);
        tenantKey = created.AdminApiKey;
        tenant = platform.As(tenantKey);
        await Call<CreateBrandResponse>("TenantService/CreateBrand", new CreateBrandRequest
        {
            RequestId = "brand", BrandId = "b", DisplayName = "B",
        });
        await Call<CreateOfferResponse>("OfferService/CreateOffer", new CreateOfferRequest
        {
            RequestId = "offer",
            Offer = new Offer
            {
                OfferId = OfferId, BrandId = "b", Kind = OfferKind.GenericCode, Code = Code,
                Discount = new Discount { AmountOff = Dollars(100) },
            },
        });
        await Call<ActivateOfferResponse>("OfferService/ActivateOffer", new ActivateOfferRequest
        {
            RequestId = "activate", OfferId = OfferId,
        });
        await Parallel.ForAsync(0, Tills, async (till, _) => await Call<EnrollCustomerResponse>(
            "CustomerService/EnrollCustomer",
            new EnrollCustomerRequest { RequestId = $"enroll-{till}", CustomerId = $"c{till}" }));
    }

    /// <summary>One till at work until it is told to close.</summary>
    public async Task WorkAsync(int till, CancellationToken close)
    {
        for (var number = 0; !close.IsCancellationRequested; number++)
        {
            var id = $"t{till}.{number}";
            await ((number % 3) switch
            {
                0 => BuyAsync(id, $"c{till}"),
                1 => RedeemPointsAsync(id, $"c{till}"),
                _ => RedeemCouponAsync(id, $"c{till}"),
            });
        }
    }

    /// <summary>Acknowledged operations of which the books know nothing.</summary>
    public async Task<int> CountLostAsync()
    {
        var lost = 0;
        await EachAsync(async done =>
        {
            var found = await Call<GetOperationResponse>(
                "OperationService/GetOperation", new GetOperationRequest { RequestId = done.RequestId });
            if (found.Operation.State != OperationState.Applied) Interlocked.Increment(ref lost);
        });
        return lost;
    }

    /// <summary>Repeats that are not answered byte for byte as the first time.</summary>
    public async Task<int> CountOtherRepliesAsync()
    {
        var others = 0;
        await EachAsync(async done =>
        {
            var again = (await done.Repeat()).ToByteString();
            if (!again.Equals(done.Reply.ToByteString())) Interlocked.Increment(ref others);
        });
        return others;
    }

    /// <summary>Customers, and the offer, whose books are not the sum of what was acknowledged.</summary>
    public async Task<int> CountWrongBalancesAsync()
    {
        var wrong = 0;
        foreach (var customer in Enumerable.Range(0, Tills).Select(till => $"c{till}"))
        {
            var expected = acknowledged.Where(done => done.Customer == customer).Sum(done => done.Millipoints);
            var found = await Call<GetBalanceResponse>(
                "LoyaltyService/GetBalance", new GetBalanceRequest { CustomerId = customer });
            if (found.Balance.AvailableMillipoints != expected) wrong++;
        }

        var offer = await Call<GetOfferResponse>("OfferService/GetOffer", new GetOfferRequest { OfferId = OfferId });
        var redeemed = acknowledged.Count(done => done.Reply is RedeemCouponResponse);
        return offer.Offer.RedeemedCount == redeemed ? wrong : wrong + 1;
    }

    /// <summary>The same books, asked of another server. Repeats still go to the first.</summary>
    public KilledShop MovedTo(DemoServer other)
    {
        var moved = new KilledShop(other) { platform = other.Client(other.BootstrapKey(), Stubborn) };
        moved.tenant = moved.platform.As(tenantKey);
        foreach (var done in acknowledged)
        {
            moved.acknowledged.Add(done);
        }

        return moved;
    }

    public void Dispose() => platform?.Dispose();

    private static Money Dollars(long minorUnits) => new() { CurrencyCode = "USD", MinorUnits = minorUnits };

    private Task EachAsync(Func<Acknowledged, Task> check) => Parallel.ForEachAsync(
        acknowledged, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (done, _) => await check(done));

    private Task BuyAsync(string id, string customer) => DoAsync<RecordPurchaseResponse>(
        "PurchaseService/RecordPurchase", id, customer, 5_000, new RecordPurchaseRequest
        {
            RequestId = id, CustomerId = customer, PurchaseId = id, Source = "till", Total = Dollars(500),
        });

    private Task RedeemPointsAsync(string id, string customer) => DoAsync<RedeemPointsResponse>(
        "LoyaltyService/RedeemPoints", id, customer, -1_000, new RedeemPointsRequest
        {
            RequestId = id, CustomerId = customer, Millipoints = 1_000, GiftId = "cup",
        });

    private Task RedeemCouponAsync(string id, string customer) => DoAsync<RedeemCouponResponse>(
        "CouponService/RedeemCoupon", id, customer, 0, new RedeemCouponRequest
        {
            RequestId = id, Code = Code, CustomerId = customer, OrderId = id, Source = "till",
            Basket = new Basket { Total = Dollars(1_000) },
        });

    private async Task DoAsync<TReply>(string method, string id, string customer, long millipoints, IMessage request)
        where TReply : IMessage<TReply>, new()
    {
        var reply = await Call<TReply>(method, request);
        acknowledged.Add(new Acknowledged(
            id, customer, millipoints, async () => await Call<TReply>(method, request), reply));
    }

    private Task<TReply> Call<TReply>(string method, IMessage request)
        where TReply : IMessage<TReply>, new() => tenant!.Call<TReply>("retention.v1." + method, request, Never);
}
