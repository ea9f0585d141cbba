using NodaTime;
using Retention.Server.Rpc;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>A bakery and a shoe shop with an agreement, played over the wire on virtual clocks in New York.</summary>
internal sealed class JointPlay
{
    private static readonly Instant Noon = Instant.FromUtc(2017, 5, 1, 16, 0);

    private JointPlay(TestServer server, TestTenant bakery, TestTenant shoes, string agreementId)
    {
        Server = server;
        Bakery = bakery;
        Shoes = shoes;
        AgreementId = agreementId;
    }

    public TestServer Server { get; }

    public TestTenant Bakery { get; }

    public TestTenant Shoes { get; }

    public string AgreementId { get; }

    public static async Task<JointPlay> StartAsync(TestServer server, Action<AgreementTerms>? change = null)
    {
        var (bakery, shoes) = (
            await server.CreateTenantAsync(virtualStart: Noon), await server.CreateTenantAsync(virtualStart: Noon));
        var proposal = AgreementCalls.Proposal(bakery, shoes);
        proposal.Terms.Trigger.MaxOpenPerCustomer = 0;
        change?.Invoke(proposal.Terms);
        _ = (await bakery.Propose(proposal)).Reply;
        _ = (await shoes.Accept(proposal.AgreementId)).Reply;
        await bakery.Drained(proposal.AgreementId);
        foreach (var tenant in (TestTenant[])[bakery, shoes])
        {
            _ = (await tenant.Client.Call<EnrollCustomerRequest, EnrollCustomerResponse>(
                "CustomerService/EnrollCustomer",
                new()
                {
                    RequestId = TestServer.NewId(),
                    CustomerId = "anna",
                    CardNumber = "4711-CARD",
                    Profile = new Profile { GivenName = "Annabel", Email = "annabel@example.com" },
                },
                tenant.AdminKey)).Reply;
        }

        return new JointPlay(server, bakery, shoes, proposal.AgreementId);
    }

    public async Task BuyAsync(TestTenant tenant, string purchaseId)
    {
        _ = (await tenant.Client.Call<RecordPurchaseRequest, RecordPurchaseResponse>(
            "PurchaseService/RecordPurchase",
            new()
            {
                RequestId = TestServer.NewId(), CustomerId = "anna", PurchaseId = purchaseId, Source = "pos", Total = Usd(1000),
            },
            await tenant.KeyAsync(Role.Store))).Reply;
        await tenant.Drained(AgreementId);
    }

    public async Task ReturnAsync(TestTenant tenant, string purchaseId)
    {
        _ = (await tenant.Client.Call<ReturnPurchaseRequest, ReturnPurchaseResponse>(
            "PurchaseService/ReturnPurchase",
            new() { RequestId = TestServer.NewId(), PurchaseId = purchaseId, Source = "pos", ReturnId = "ret-" + purchaseId },
            await tenant.KeyAsync(Role.Store))).Reply;
        await tenant.Drained(AgreementId);
    }

    /// <summary>Redeems the customer's oldest open coupon from one tenant at the other.</summary>
    public async Task<string> RedeemAsync(TestTenant issuer, TestTenant redeemer, string? storeId = null)
    {
        var open = (await issuer.Client.Call<ListCouponsRequest, ListCouponsResponse>(
            "CouponService/ListCoupons", new() { CustomerId = "anna" }, issuer.AdminKey)).Reply.Coupons;
        var answer = await redeemer.Client.Call<RedeemCouponRequest, RedeemCouponResponse>(
            "CouponService/RedeemCoupon",
            new() { RequestId = TestServer.NewId(), Code = open[0].Code, StoreId = storeId ?? redeemer.StoreId },
            redeemer.AdminKey);
        await issuer.Drained(AgreementId);
        return answer.Reply.Redemption.RedemptionId;
    }

    public async Task MoveAsync(int month, int day)
    {
        foreach (var tenant in (TestTenant[])[Bakery, Shoes])
        {
            _ = (await tenant.Client.Call<AdvanceClockRequest, AdvanceClockResponse>(
                "TenantService/AdvanceClock",
                new() { RequestId = TestServer.NewId(), ToTime = Instant.FromUtc(2017, month, day, 16, 0).ToProto() },
                tenant.AdminKey)).Reply;
        }
    }

    public async Task<GetStatementResponse> StatementAsync(TestTenant tenant, string period) =>
        (await tenant.Client.Call<GetStatementRequest, GetStatementResponse>(
            "AgreementService/GetStatement", new() { AgreementId = AgreementId, Period = period }, tenant.AdminKey)).Reply;

    /// <summary>Everything up to now.</summary>
    public static async Task<List<JournalEntry>> FeedAsync(TestTenant tenant, WatchJournalRequest? request = null)
    {
        request ??= new WatchJournalRequest();
        request.UntilNow = true;
        using var stream = await tenant.Client.Open<WatchJournalRequest, WatchJournalResponse>(
            "FeedService/WatchJournal", request, tenant.AdminKey);
        var entries = new List<JournalEntry>();
        while (await stream.NextAsync() is { } message)
        {
            entries.AddRange(message.Entries);
        }

        Assert.Equal("0", stream.Status);
        return entries;
    }
}
