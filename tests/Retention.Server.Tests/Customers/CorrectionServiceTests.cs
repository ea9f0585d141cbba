using NodaTime;
using Retention.Server.Commands;
using Retention.Server.Tests.Agreements;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

/// <summary>A cashier's errors, put right over the wire.</summary>
public sealed class CorrectionServiceTests(CustomerServer shared) : IClassFixture<CustomerServer>
{
    [Fact]
    public async Task A_void_counts_once_whatever_its_request_id()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.BuyAsync("p1", 1_000);
        await shop.BuyAsync("p2", 500);

        var first = (await shop.VoidAsync("p1")).Reply;
        var again = (await shop.VoidAsync("p1")).Reply;
        var other = await shop.VoidAsync("p1", request => request.Reason = "another story");
        var back = await shop.Ask<ReturnPurchaseResponse>("PurchaseService/ReturnPurchase", new ReturnPurchaseRequest
        {
            RequestId = TestServer.NewId(), Source = "pos", PurchaseId = "p1", ReturnId = "r1",
        });

        Assert.Equal((1_000, 10_000), (first.Amount.MinorUnits, first.ReversedMillipoints));
        Assert.Equal(first, again);
        Assert.Equal((RpcStatus.FailedPrecondition, "PURCHASE_VOIDED"), (other.Code, other.Reason));
        Assert.Equal("PURCHASE_VOIDED", back.Reason);
        Assert.Equal(5_000, (await shop.BalanceAsync()).AvailableMillipoints);
        Assert.True((await GetAsync(shop, "p1")).Voided);
        var history = (await shop.AskAsAdmin<ListHistoryResponse>(
            "CustomerService/ListHistory", new ListHistoryRequest { CustomerId = "ann" })).Reply;
        Assert.Equal("void", history.Entries[0].Kind);
    }

    [Fact]
    public async Task A_void_needs_a_reason_the_same_day_and_the_till_of_the_store()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.BuyAsync("p1", 1_000);
        await shop.AskAsAdmin<RecordPurchaseResponse>(
            "PurchaseService/RecordPurchase", Shop.Sale("web-1", 1_000));

        Assert.Equal("reason", (await shop.VoidAsync("p1", request => request.Reason = "")).Raw.Info!.Metadata["field"]);
        Assert.Equal((RpcStatus.NotFound, "PURCHASE_NOT_FOUND"), Told(await shop.VoidAsync("web-1")));
        await shop.AdvanceToAsync(Shop.Noon + Duration.FromDays(1));
        Assert.Equal((RpcStatus.FailedPrecondition, "TOO_LATE"), Told(await shop.VoidAsync("p1")));
        Assert.Equal(20_000, (await shop.BalanceAsync()).AvailableMillipoints);
    }

    [Fact]
    public async Task A_reassigned_sale_counts_once_for_the_other_customer()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.EnrollAsync("bob");
        var sold = (await shop.BuyAsync("p1", 1_000)).Reply;
        await shop.AdvanceToAsync(Shop.Noon + Duration.FromDays(2));

        var first = (await shop.ReassignAsync("p1", "bob")).Reply;
        var again = (await shop.ReassignAsync("p1", "bob")).Reply;
        var back = await shop.ReassignAsync("p1", "ann");

        Assert.Equal(first, again);
        Assert.Equal("PURCHASE_REASSIGNED", back.Reason);
        Assert.Equal(("bob", "ann"), (first.Purchase.CustomerId, first.FromCustomerId));
        Assert.Equal(sold.Accruals[0].ExpireTime, first.Accruals[0].ExpireTime);
        Assert.Equal(0, (await shop.BalanceAsync()).AvailableMillipoints);
        Assert.Equal(10_000, (await shop.BalanceAsync("bob")).AvailableMillipoints);
        var purchase = await GetAsync(shop, "p1");
        Assert.Equal(("bob", true), (purchase.Purchase.CustomerId, purchase.Reassigned));
    }

    [Fact]
    public async Task The_time_for_a_reassignment_is_the_programs()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.EnrollAsync("bob");
        await shop.BuyAsync("p1", 1_000);
        var program = (await shop.AskAsAdmin<GetProgramResponse>("TenantService/GetProgram", new GetProgramRequest())).Reply.Program;
        var updated = (await shop.AskAsAdmin<UpdateProgramResponse>("TenantService/UpdateProgram", new UpdateProgramRequest
        {
            RequestId = TestServer.NewId(), Program = new V1.Program { ReassignDays = 1 }, UpdateMask = new() { Paths = { "reassign_days" } },
        })).Reply.Program;
        await shop.AdvanceToAsync(Shop.Noon + Duration.FromDays(2));

        Assert.Equal((30, 1), (program.ReassignDays, updated.ReassignDays));
        Assert.Equal((RpcStatus.FailedPrecondition, "TOO_LATE"), Told(await shop.ReassignAsync("p1", "bob")));
    }

    /// <summary>The coupons of a corrected sale go the same way, used or not, and the books of both brands hold.</summary>
    [Fact]
    public async Task Corrections_take_the_joint_coupons_along_and_verify_holds()
    {
        var directory = Directory.CreateTempSubdirectory("retention-corrections-").FullName;
        await using (var server = await TestServer.StartAsync(directory: directory))
        {
            var (bakery, shoes) = (await Shop.OpenAsync(server), await Shop.OpenAsync(server));
            await bakery.EnrollAsync();
            await bakery.EnrollAsync("bob");
            var agreementId = await AgreeAsync(bakery, shoes);
            await bakery.BuyAsync("p1", 1_000);
            await bakery.Tenant.Drained(agreementId);
            var used = Assert.Single(await CouponsAsync(bakery, "ann")).Code;
            _ = (await shoes.AskAsAdmin<RedeemCouponResponse>("CouponService/RedeemCoupon", new RedeemCouponRequest
            {
                RequestId = TestServer.NewId(), Code = used,
            })).Reply;
            await bakery.BuyAsync("p2", 2_000);

            _ = (await bakery.VoidAsync("p1")).Reply;
            _ = (await bakery.ReassignAsync("p2", "bob")).Reply;
            await bakery.Tenant.Drained(agreementId);

            var leg = (await bakery.Tenant.Report(agreementId)).Legs[0];
            Assert.Equal((3, 1, 1, 1, 1), (leg.Issued, leg.Consumed, leg.Open, leg.Voided, leg.ClawedBack));
            Assert.All((await bakery.Tenant.Position(agreementId)).Positions, brand => Assert.Equal(0, brand.Net.MinorUnits));
            Assert.Empty(await CouponsAsync(bakery, "ann"));
            Assert.NotEqual(used, Assert.Single(await CouponsAsync(bakery, "bob")).Code);

            _ = (await bakery.VoidAsync("p2")).Reply;
            await bakery.Tenant.Drained(agreementId);
            Assert.Empty(await CouponsAsync(bakery, "bob"));
        }

        Assert.Equal(0, await CommandLine.RunAsync(["verify", "--data", directory]));
        Directory.Delete(directory, recursive: true);
    }

    private static async Task<string> AgreeAsync(Shop issuing, Shop redeeming)
    {
        var proposal = AgreementCalls.Proposal(issuing.Tenant, redeeming.Tenant);
        _ = (await issuing.Tenant.Propose(proposal)).Reply;
        _ = (await redeeming.Tenant.Accept(proposal.AgreementId)).Reply;
        await issuing.Tenant.Drained(proposal.AgreementId);
        return proposal.AgreementId;
    }

    private static async Task<IReadOnlyList<Coupon>> CouponsAsync(Shop shop, string customerId) =>
        (await shop.AskAsAdmin<ListCouponsResponse>(
            "CouponService/ListCoupons", new ListCouponsRequest { CustomerId = customerId })).Reply.Coupons;

    private static async Task<GetPurchaseResponse> GetAsync(Shop shop, string purchaseId) =>
        (await shop.Ask<GetPurchaseResponse>(
            "PurchaseService/GetPurchase", new GetPurchaseRequest { Source = "pos", PurchaseId = purchaseId })).Reply;

    private static (RpcStatus Code, string Reason) Told<T>(RpcAnswer<T> answer)
        where T : Google.Protobuf.IMessage<T>, new() => (answer.Code, answer.Reason);
}
