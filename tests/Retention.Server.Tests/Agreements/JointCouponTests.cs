using NodaTime;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

public sealed class JointCouponTests
{
    private static readonly Instant Noon = Instant.FromUtc(2017, 5, 1, 16, 0);

    [Fact]
    public async Task A_purchase_at_one_tenant_becomes_a_coupon_that_clears_at_the_other_and_survives_a_restart()
    {
        var directory = Directory.CreateTempSubdirectory("retention-joint-").FullName;
        TestTenant bakery, shoes;
        string agreementId, code;
        GetPositionResponse position;
        await using (var server = await TestServer.StartAsync(directory: directory))
        {
            (bakery, shoes) = (await server.CreateTenantAsync(virtualStart: Noon), await server.CreateTenantAsync(virtualStart: Noon));
            agreementId = await ActiveAsync(bakery, shoes);
            await BuyAsync(bakery, agreementId, "p-1");
            code = Assert.Single(await CouponsAsync(bakery)).Code;

            var redeemed = (await shoes.Redeem(new RedeemCouponRequest { Code = code })).Reply.Redemption;
            Assert.Equal((199, agreementId), (redeemed.Discount.MinorUnits, redeemed.AgreementId));
            position = await shoes.Position(agreementId);
            Assert.Equal([-66L, 66L], position.Positions.Select(brand => brand.Net.MinorUnits));
            Assert.True(position.SumIsZero);
            await bakery.Drained(agreementId);
            Assert.Empty(await CouponsAsync(bakery));
        }

        await using (var server = await TestServer.StartAsync(directory: directory))
        {
            var (again, key) = (new RpcCalls(server), shoes.AdminKey);
            Assert.Equal(position.Positions, (await again.Position(agreementId, key)).Positions);
            Assert.Equal("ALREADY_REDEEMED", (await again.Redeem(code, key)).Reason);
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_return_voids_the_open_coupon_and_claws_back_the_used_one()
    {
        await using var server = await TestServer.StartAsync();
        var (bakery, shoes) = (await server.CreateTenantAsync(virtualStart: Noon), await server.CreateTenantAsync(virtualStart: Noon));
        var agreementId = await ActiveAsync(bakery, shoes);
        await BuyAsync(bakery, agreementId, "p-1");
        await shoes.Redeem(new RedeemCouponRequest { Code = (await CouponsAsync(bakery))[0].Code });
        await bakery.Drained(agreementId);
        await BuyAsync(bakery, agreementId, "p-2");

        await ReturnAsync(bakery, agreementId, "p-1");
        await ReturnAsync(bakery, agreementId, "p-2");

        var leg = (await bakery.Report(agreementId)).Legs[0];
        Assert.Equal((2, 1, 0, 0, 1, 1), (leg.Issued, leg.Consumed, leg.Expired, leg.Open, leg.Voided, leg.ClawedBack));
        Assert.All((await bakery.Position(agreementId)).Positions, brand => Assert.Equal(0, brand.Net.MinorUnits));
        var entries = (await shoes.Client.Call<ListClearingEntriesRequest, ListClearingEntriesResponse>(
            "AgreementService/ListClearingEntries", new() { AgreementId = agreementId }, shoes.AdminKey)).Reply.Entries;
        Assert.Equal([ClearingKind.ClawedBack, ClearingKind.Redeemed], entries.Select(entry => entry.Kind));
        Assert.Equal([2L, 1L], entries.Select(entry => entry.Number));
        Assert.All(entries, entry => Assert.Equal(0, entry.Postings.Sum(posting => posting.Amount.MinorUnits)));
        var statement = (await shoes.Client.Call<GetStatementRequest, GetStatementResponse>(
            "AgreementService/GetStatement", new() { AgreementId = agreementId, Period = "2017-05" }, shoes.AdminKey)).Reply;
        Assert.Equal((66, 66, 0), (statement.Redeemed.MinorUnits, statement.Reversed.MinorUnits, statement.Closing.MinorUnits));
    }

    [Fact]
    public async Task A_reversal_is_answered_to_the_shop_that_redeemed_and_to_nobody_else()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, _ => { });
        var stranger = await server.CreateTenantAsync();
        var redemption = await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);
        var (whole, part) = (Reversal(), Reversal());
        part.ReturnId = "return-1";
        part.Lines.Add(new CouponReturnLine { LineId = "1", Quantity = 1 });
        var reversed = (await shops.Shoes.Reverse(whole.Clone())).Reply;

        Assert.Equal(reversed, (await shops.Shoes.Reverse(whole.Clone())).Reply);
        foreach (var other in (TestTenant[])[shops.Bakery, stranger])
        {
            Assert.Equal("REDEMPTION_NOT_FOUND", (await other.Reverse(whole.Clone())).Reason);
            Assert.Equal("REDEMPTION_NOT_FOUND", (await other.Reverse(part.Clone())).Reason);
        }

        ReverseCouponRedemptionRequest Reversal() => new() { RedemptionId = redemption };
    }

    [Fact]
    public async Task The_redeeming_side_learns_nothing_of_the_customer()
    {
        await using var server = await TestServer.StartAsync();
        var (bakery, shoes) = (await server.CreateTenantAsync(virtualStart: Noon), await server.CreateTenantAsync(virtualStart: Noon));
        var agreementId = await ActiveAsync(bakery, shoes);
        await BuyAsync(bakery, agreementId, "purchase-4711");
        var code = (await CouponsAsync(bakery))[0].Code;

        var coupon = await shoes.Client.Call<GetCouponRequest, GetCouponResponse>(
            "CouponService/GetCoupon", new() { Code = code }, shoes.AdminKey);
        await shoes.Redeem(new RedeemCouponRequest { Code = code });
        var entries = await shoes.Client.Call<ListClearingEntriesRequest, ListClearingEntriesResponse>(
            "AgreementService/ListClearingEntries", new() { AgreementId = agreementId }, shoes.AdminKey);

        Assert.Equal(CouponStatus.Open, coupon.Reply.Coupon.Status);
        var told = $"{coupon.Reply}{entries.Reply}";
        Assert.DoesNotContain("anna", told, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", told, StringComparison.Ordinal);
    }

    private static async Task<string> ActiveAsync(TestTenant bakery, TestTenant shoes)
    {
        var proposal = AgreementCalls.Proposal(bakery, shoes);
        _ = (await bakery.Propose(proposal)).Reply;
        _ = (await shoes.Accept(proposal.AgreementId)).Reply;
        await bakery.Drained(proposal.AgreementId);
        _ = (await bakery.Client.Call<EnrollCustomerRequest, EnrollCustomerResponse>(
            "CustomerService/EnrollCustomer", new() { RequestId = TestServer.NewId(), CustomerId = "anna" }, bakery.AdminKey)).Reply;
        return proposal.AgreementId;
    }

    private static async Task BuyAsync(TestTenant tenant, string agreementId, string purchaseId)
    {
        _ = (await tenant.Client.Call<RecordPurchaseRequest, RecordPurchaseResponse>(
            "PurchaseService/RecordPurchase",
            new()
            {
                RequestId = TestServer.NewId(), CustomerId = "anna", PurchaseId = purchaseId, Source = "pos", Total = Usd(1000),
            },
            await tenant.KeyAsync(Role.Store))).Reply;
        await tenant.Drained(agreementId);
    }

    private static async Task ReturnAsync(TestTenant tenant, string agreementId, string purchaseId)
    {
        _ = (await tenant.Client.Call<ReturnPurchaseRequest, ReturnPurchaseResponse>(
            "PurchaseService/ReturnPurchase",
            new() { RequestId = TestServer.NewId(), PurchaseId = purchaseId, Source = "pos", ReturnId = "ret-" + purchaseId },
            await tenant.KeyAsync(Role.Store))).Reply;
        await tenant.Drained(agreementId);
    }

    private static async Task<IReadOnlyList<Coupon>> CouponsAsync(TestTenant tenant) =>
        (await tenant.Client.Call<ListCouponsRequest, ListCouponsResponse>(
            "CouponService/ListCoupons", new() { CustomerId = "anna" }, tenant.AdminKey)).Reply.Coupons;

    /// <summary>Calls to a server that was started on known data.</summary>
    private sealed class RpcCalls(TestServer server)
    {
        public async Task<GetPositionResponse> Position(string agreementId, string key) =>
            (await server.Client.Call<GetPositionRequest, GetPositionResponse>(
                "AgreementService/GetPosition", new() { AgreementId = agreementId }, key)).Reply;

        public Task<RpcAnswer<RedeemCouponResponse>> Redeem(string code, string key) =>
            server.Client.Call<RedeemCouponRequest, RedeemCouponResponse>(
                "CouponService/RedeemCoupon", new() { RequestId = TestServer.NewId(), Code = code }, key);
    }
}
