using System.Text;
using Retention.Kernel;
using Retention.Server.Commands;
using Retention.Server.Tests.Agreements;
using Retention.Server.Tests.Support;
using Retention.Storage.Sqlite;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

/// <summary>One person at two brands, over the wire: what both learn, what neither does, and how it ends.</summary>
public sealed class LinkServiceTests : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("retention-links-").FullName;
    private TestServer? started;

    private TestServer Server => started ?? throw new InvalidOperationException("The server has not started.");

    public async Task InitializeAsync() => started = await TestServer.StartAsync(directory: directory);

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Assert.Equal(0, await CommandLine.RunAsync(["verify", "--data", directory]));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_linked_customer_needs_no_code_at_the_other_brand()
    {
        var (bakery, shoes, agreementId) = await TwoShopsAsync();
        await bakery.BuyAsync("p1", 1_000);
        await LinkAsync(bakery, shoes, agreementId);
        var coupon = Assert.Single(await CouponsAsync(shoes, "bert"));
        Assert.Equal((shoes.Tenant.BrandId, agreementId), (coupon.RedeemingBrandId, coupon.AgreementId));
        var seen = (await shoes.Ask<GetCounterViewResponse>(
            "CustomerService/GetCounterView", new GetCounterViewRequest { CustomerId = "bert" })).Reply;
        Assert.Equal(coupon.CouponId, Assert.Single(seen.Coupons).CouponId);

        var another = await RedeemAsync(shoes, coupon.Code, "carl");
        var own = await RedeemAsync(shoes, coupon.Code, "bert");
        await bakery.Tenant.Drained(agreementId);

        Assert.Equal((RpcStatus.FailedPrecondition, "NOT_TARGETED"), (another.Code, another.Reason));
        Assert.Equal(199, own.Reply.Redemption.Discount.MinorUnits);
        Assert.Empty(await CouponsAsync(shoes, "bert"));
        Assert.Empty(await CouponsAsync(bakery, "ann"));
        Assert.Equal([agreementId], (await CustomerAsync(bakery, "ann")).LinkedAgreementIds);
        Assert.Equal([agreementId], (await CustomerAsync(shoes, "bert")).LinkedAgreementIds);
    }

    [Fact]
    public async Task A_token_is_shown_once_and_good_once()
    {
        var (bakery, shoes, agreementId) = await TwoShopsAsync();
        var request = Token(agreementId);
        var refused = await bakery.Ask<CreateLinkTokenResponse>("CustomerService/CreateLinkToken", request);
        await LinkCalls.AllowAsync(bakery, "ann");
        var first = (await bakery.Ask<CreateLinkTokenResponse>("CustomerService/CreateLinkToken", request)).Reply;
        var again = (await bakery.Ask<CreateLinkTokenResponse>("CustomerService/CreateLinkToken", request)).Reply;
        await bakery.Tenant.Drained(agreementId);
        var link = new LinkCustomerRequest { RequestId = TestServer.NewId(), LinkToken = first.LinkToken, CustomerId = "bert" };
        var early = await shoes.Ask<LinkCustomerResponse>("CustomerService/LinkCustomer", link);
        await LinkCalls.AllowAsync(shoes, "bert");
        var linked = (await shoes.Ask<LinkCustomerResponse>("CustomerService/LinkCustomer", link)).Reply;
        var repeated = (await shoes.Ask<LinkCustomerResponse>("CustomerService/LinkCustomer", link)).Reply;
        var used = await shoes.Ask<LinkCustomerResponse>(
            "CustomerService/LinkCustomer", new LinkCustomerRequest(link) { RequestId = TestServer.NewId() });

        Assert.Equal((RpcStatus.FailedPrecondition, "CONSENT_MISSING"), (refused.Code, refused.Reason));
        Assert.Equal(("", first.ExpireTime), (again.LinkToken, again.ExpireTime));
        Assert.Equal("CONSENT_MISSING", early.Reason);
        Assert.Equal(agreementId, linked.AgreementId);
        Assert.Equal(linked, repeated);
        Assert.Equal("LINK_TOKEN_INVALID", used.Reason);
    }

    [Fact]
    public async Task Withdrawn_consent_reaches_the_agreement_and_stops_issue_and_redemption()
    {
        var (bakery, shoes, agreementId) = await TwoShopsAsync();
        await LinkAsync(bakery, shoes, agreementId);
        await bakery.BuyAsync("p1", 1_000);
        await bakery.Tenant.Drained(agreementId);
        var code = Assert.Single(await CouponsAsync(shoes, "bert")).Code;

        await LinkCalls.AllowAsync(bakery, "ann", isGranted: false);
        await bakery.Tenant.Drained(agreementId);

        Assert.Empty(await CouponsAsync(shoes, "bert"));
        Assert.Equal((RpcStatus.FailedPrecondition, "CONSENT_MISSING"), Told(await RedeemAsync(shoes, code, "")));
        Assert.Empty((await CustomerAsync(shoes, "bert")).LinkedAgreementIds);
        await bakery.BuyAsync("p2", 1_000);
        await bakery.Tenant.Drained(agreementId);
        Assert.Single(await CouponsAsync(bakery, "ann"));
        await LinkCalls.AllowAsync(bakery, "ann");
        await bakery.Tenant.Drained(agreementId);
        Assert.Equal(RpcStatus.Ok, (await RedeemAsync(shoes, code, "")).Code);
    }

    [Fact]
    public async Task A_link_ends_from_either_side_and_with_erasure()
    {
        var (bakery, shoes, agreementId) = await TwoShopsAsync();
        await LinkAsync(bakery, shoes, agreementId);
        var unlinked = (await shoes.Ask<UnlinkCustomerResponse>("CustomerService/UnlinkCustomer", Unlink("bert", agreementId))).Reply;
        await bakery.Tenant.Drained(agreementId);
        var again = await bakery.Ask<UnlinkCustomerResponse>("CustomerService/UnlinkCustomer", Unlink("ann", agreementId));
        Assert.Empty(unlinked.Customer.LinkedAgreementIds);
        Assert.Equal((RpcStatus.FailedPrecondition, "CUSTOMER_NOT_LINKED"), Told(again));

        await LinkAsync(bakery, shoes, agreementId);
        _ = (await shoes.AskAsAdmin<EraseCustomerResponse>(
            "CustomerService/EraseCustomer", new EraseCustomerRequest { RequestId = TestServer.NewId(), CustomerId = "bert" })).Reply;
        await bakery.Tenant.Drained(agreementId);
        Assert.Empty((await CustomerAsync(bakery, "ann")).LinkedAgreementIds);
        var history = (await bakery.AskAsAdmin<ListHistoryResponse>(
            "CustomerService/ListHistory", new ListHistoryRequest { CustomerId = "ann" })).Reply.Entries;
        Assert.Equal(
            ["link-offered", "linked", "unlinked", "link-offered", "linked", "unlinked"],
            history.Reverse().Select(entry => entry.Kind).Where(kind => kind.Contains("link", StringComparison.Ordinal)));
    }

    /// <summary>
    /// Canaries: everything that names the bakery's customer is looked for in all that the shoe shop is told, and in the
    /// facts and effects of its partition and of the agreement's.
    /// </summary>
    [Fact]
    public async Task Nothing_that_names_a_person_crosses_to_the_other_brand()
    {
        var (bakery, shoes, agreementId) = await TwoShopsAsync();
        string[] canaries = ["canary-customer", "Kanarie", "kanarie@example.com", "5550100199", "CANARYCARD", "canary-purchase"];
        await bakery.EnrollAsync(canaries[0], canaries[4], new Profile { GivenName = canaries[1], Email = canaries[2], Phone = "+" + canaries[3] });
        await LinkAsync(bakery, shoes, agreementId, canaries[0]);
        await bakery.BuyAsync(canaries[5], 1_000, sale => sale.CustomerId = canaries[0]);
        await bakery.Tenant.Drained(agreementId);

        var code = Assert.Single(await CouponsAsync(shoes, "bert")).Code;
        var told = new StringBuilder();
        told.Append((await shoes.AskAsAdmin<GetCouponResponse>("CouponService/GetCoupon", new GetCouponRequest { Code = code })).Reply);
        told.Append((await RedeemAsync(shoes, code, "bert")).Reply);
        told.Append(await CustomerAsync(shoes, "bert"));
        told.Append((await shoes.AskAsAdmin<ListHistoryResponse>(
            "CustomerService/ListHistory", new ListHistoryRequest { CustomerId = "bert" })).Reply);
        told.Append((await shoes.AskAsAdmin<ListClearingEntriesResponse>(
            "AgreementService/ListClearingEntries", new ListClearingEntriesRequest { AgreementId = agreementId })).Reply);
        told.Append((await shoes.Tenant.Agreement(agreementId)).Reply);
        await bakery.Tenant.Drained(agreementId);
        await Server.DisposeAsync();
        var agreed = await JournalAsync(PartitionId.Agreement(agreementId));
        told.Append(agreed).Append(await JournalAsync(PartitionId.Tenant(shoes.Tenant.TenantId)));
        started = await TestServer.StartAsync(directory: directory);

        Assert.All(canaries, canary => Assert.DoesNotContain(canary, told.ToString(), StringComparison.OrdinalIgnoreCase));
        Assert.Contains("person-linked", told.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("bert", agreed, StringComparison.Ordinal);
    }

    private async Task<string> JournalAsync(PartitionId partition)
    {
        await using var store = SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = directory });
        var text = new StringBuilder();
        foreach (var record in (await store.ReadAsync(0, 10_000, CancellationToken.None)).Where(one => one.Partition == partition))
        {
            foreach (var write in record.Writes)
            {
                text.Append(write.Grain.Key);
                foreach (var fact in write.Facts) text.Append(Encoding.UTF8.GetString(fact.Span)).Append('\n');
            }

            if (record.Ledger is { } kept) text.Append(Encoding.UTF8.GetString(kept.Reply.Span));
        }

        return text.ToString();
    }

    private async Task<(Shop Bakery, Shop Shoes, string AgreementId)> TwoShopsAsync()
    {
        var (bakery, shoes) = (await Shop.OpenAsync(Server), await Shop.OpenAsync(Server));
        await bakery.EnrollAsync();
        await shoes.EnrollAsync("bert");
        await shoes.EnrollAsync("carl");
        var proposal = AgreementCalls.Proposal(bakery.Tenant, shoes.Tenant);
        _ = (await bakery.Tenant.Propose(proposal)).Reply;
        _ = (await shoes.Tenant.Accept(proposal.AgreementId)).Reply;
        await bakery.Tenant.Drained(proposal.AgreementId);
        return (bakery, shoes, proposal.AgreementId);
    }

    private static Task LinkAsync(Shop bakery, Shop shoes, string agreementId, string customerId = "ann") =>
        LinkCalls.LinkAsync(bakery, customerId, shoes, "bert", agreementId);

    private static CreateLinkTokenRequest Token(string agreementId, string customerId = "ann") =>
        new() { RequestId = TestServer.NewId(), CustomerId = customerId, AgreementId = agreementId };

    private static UnlinkCustomerRequest Unlink(string customerId, string agreementId) =>
        new() { RequestId = TestServer.NewId(), CustomerId = customerId, AgreementId = agreementId };

    private static async Task<Customer> CustomerAsync(Shop shop, string customerId) => (await shop.Ask<GetCustomerResponse>(
        "CustomerService/GetCustomer", new GetCustomerRequest { CustomerId = customerId })).Reply.Customer;

    private static async Task<IReadOnlyList<Coupon>> CouponsAsync(Shop shop, string customerId) =>
        (await shop.Ask<ListCouponsResponse>(
            "CouponService/ListCoupons", new ListCouponsRequest { CustomerId = customerId })).Reply.Coupons;

    private static Task<RpcAnswer<RedeemCouponResponse>> RedeemAsync(Shop shop, string code, string customerId) =>
        shop.Ask<RedeemCouponResponse>(
            "CouponService/RedeemCoupon",
            new RedeemCouponRequest { RequestId = TestServer.NewId(), Code = code, CustomerId = customerId });

    private static (RpcStatus Code, string Reason) Told<T>(RpcAnswer<T> answer)
        where T : Google.Protobuf.IMessage<T>, new() => (answer.Code, answer.Reason);
}
