using Google.Protobuf;
using NodaTime;
using Retention.Server.Rpc;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>A bakery that issues coupons for a shoe shop: two tenants on virtual clocks, played over gRPC.</summary>
internal sealed class JointShops(TestTenant bakery, TestTenant shoes, string agreementId)
{
    /// <summary>Noon in New York, which is not where the tenants are.</summary>
    public static readonly Instant Start = Instant.FromUtc(2017, 5, 1, 16, 0);

    public TestTenant Bakery => bakery;

    public TestTenant Shoes => shoes;

    public string AgreementId => agreementId;

    public static async Task<JointShops> OpenAsync(
        TestServer server, Action<AgreementTerms> change, Instant? start = null, string shoesCurrency = "USD")
    {
        start ??= Start;
        var bakery = await server.CreateTenantAsync(virtualStart: start);
        var shoes = await server.CreateTenantAsync(virtualStart: start, currency: shoesCurrency);
        var proposal = AgreementCalls.Proposal(bakery, shoes);
        change(proposal.Terms);
        _ = (await bakery.Propose(proposal)).Reply;
        _ = (await shoes.Accept(proposal.AgreementId)).Reply;
        var shops = new JointShops(bakery, shoes, proposal.AgreementId);
        await shops.DrainedAsync();
        foreach (var (tenant, customer) in (IEnumerable<(TestTenant, string)>)[(bakery, "anna"), (bakery, "bert"), (shoes, "carl")])
        {
            _ = await Call<EnrollCustomerResponse>(
                tenant, "CustomerService/EnrollCustomer", new EnrollCustomerRequest { RequestId = TestServer.NewId(), CustomerId = customer });
        }

        return shops;
    }

    public async Task DrainedAsync()
    {
        await bakery.Drained(agreementId);
        await shoes.Drained(agreementId);
    }

    public async Task AdvanceAsync(Instant to)
    {
        foreach (var tenant in (TestTenant[])[bakery, shoes])
        {
            _ = await Call<AdvanceClockResponse>(tenant, "TenantService/AdvanceClock", new AdvanceClockRequest
            {
                RequestId = TestServer.NewId(), ToTime = to.ToProto(),
            });
        }
    }

    /// <summary>A purchase of 10.00 at the bakery, and the code that the customer got for it; null: none.</summary>
    public async Task<string?> BuyAsync(string purchaseId, string customer = "anna")
    {
        var before = await CodesAsync(customer);
        await SellAsync(bakery, customer, purchaseId);
        return (await CodesAsync(customer)).Except(before).SingleOrDefault();
    }

    public async Task<string> RedeemAsync(string code) =>
        (await shoes.Redeem(new RedeemCouponRequest { Code = code })).Reply.Redemption.RedemptionId;

    /// <summary>A sale of 10.00 that used coupons.</summary>
    public async Task<RecordPurchaseResponse> SellAsync(
        TestTenant tenant, string customer, string purchaseId, params string[] redemptionIds)
    {
        var sold = await tenant.Client.Call<RecordPurchaseRequest, RecordPurchaseResponse>(
            "PurchaseService/RecordPurchase",
            new()
            {
                RequestId = TestServer.NewId(),
                CustomerId = customer,
                PurchaseId = purchaseId,
                Source = "pos",
                Total = Usd(1000),
                Lines = { new Line { LineId = "1", Quantity = 4, Amount = Usd(1000) } },
                RedemptionIds = { redemptionIds },
            },
            await tenant.KeyAsync(Role.Store));
        await DrainedAsync();
        return sold.Reply;
    }

    /// <param name="quantity">Of four.</param>
    public async Task ReturnAsync(TestTenant tenant, string purchaseId, int quantity)
    {
        _ = (await tenant.Client.Call<ReturnPurchaseRequest, ReturnPurchaseResponse>(
            "PurchaseService/ReturnPurchase",
            new()
            {
                RequestId = TestServer.NewId(),
                PurchaseId = purchaseId,
                Source = "pos",
                ReturnId = TestServer.NewId("return"),
                Lines = { new ReturnLine { LineId = "1", Quantity = quantity } },
            },
            await tenant.KeyAsync(Role.Store))).Reply;
        await DrainedAsync();
    }

    /// <summary>What the shoe shop is owed: net and provisionally.</summary>
    public async Task<(long Net, long Provisional)> OwedAsync()
    {
        var position = await shoes.Position(agreementId);
        Assert.True(position.SumIsZero);
        Assert.Equal(0, position.Positions.Sum(brand => brand.Net.MinorUnits));
        Assert.Equal(0, position.Positions.Sum(brand => brand.Provisional.MinorUnits));
        return (position.Positions[1].Net.MinorUnits, position.Positions[1].Provisional.MinorUnits);
    }

    /// <summary>The entries, oldest first.</summary>
    public async Task<IReadOnlyList<ClearingEntry>> EntriesAsync() =>
    [
        .. (await Call<ListClearingEntriesResponse>(
            shoes, "AgreementService/ListClearingEntries", new ListClearingEntriesRequest { AgreementId = agreementId }))
            .Entries.Reverse(),
    ];

    /// <summary>As the shoe shop sees it.</summary>
    public Task<GetStatementResponse> StatementAsync(string period) => Call<GetStatementResponse>(
        shoes, "AgreementService/GetStatement", new GetStatementRequest { AgreementId = agreementId, Period = period });

    public static async Task<TResponse> Call<TResponse>(TestTenant tenant, string method, IMessage request)
        where TResponse : IMessage<TResponse>, new() => (await Ask<TResponse>(tenant, method, request)).Reply;

    public static Task<RpcAnswer<TResponse>> Ask<TResponse>(TestTenant tenant, string method, IMessage request)
        where TResponse : IMessage<TResponse>, new() =>
        tenant.Client.Call<TResponse>(method, request, tenant.AdminKey);

    private async Task<IReadOnlyList<string>> CodesAsync(string customer) =>
    [
        .. (await Call<ListCouponsResponse>(
            bakery, "CouponService/ListCoupons", new ListCouponsRequest { CustomerId = customer })).Coupons
            .Where(coupon => coupon.Status == CouponStatus.Open).Select(coupon => coupon.Code),
    ];
}
