using System.Security.Cryptography;
using System.Text;
using Retention.Server.Tests.Agreements;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Security;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Offline;

public sealed class OfflineServiceTests
{
    [Fact]
    public async Task A_till_checks_a_coupon_with_nothing_but_the_public_key_and_brings_it_in_later()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync(virtualStart: Samples.Start);
        var code = await JointRecipes.Coupon(tenant);
        Assert.Equal("SIGNING_KEY_NOT_FOUND", (await SignAsync(tenant, code)).Reason);
        await RotateAsync(tenant);
        var signed = (await SignAsync(tenant, code)).Reply.Coupons[0];

        // As any till does, with its own library.
        using var till = ECDsa.Create();
        till.ImportFromPem((await KeysAsync(tenant))[0].PublicKey);
        Assert.True(till.VerifyData(
            Encoding.ASCII.GetBytes(signed.SignedText), signed.Signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        Assert.Contains($";code={code};", signed.SignedText, StringComparison.Ordinal);
        Assert.Contains(";amount=1;", signed.SignedText, StringComparison.Ordinal);

        var item = Item(signed, code, "o-1");
        var first = (await CaptureAsync(tenant, item)).Reply.Results[0];
        Assert.Equal(1, first.Redemption.Discount.MinorUnits);
        Assert.Equal(first, (await CaptureAsync(tenant, item)).Reply.Results[0]);
        Assert.Equal("ORDER_ID_REUSED", (await CaptureAsync(tenant, new OfflineItem(item) { TillId = "t-9" })).Reply.Results[0].Reason);
        Assert.Equal("ALREADY_REDEEMED", (await tenant.Redeem(new() { Code = code })).Reason);
        var returned = await tenant.Reverse(new() { OrderId = "o-1", Source = "pos" });
        Assert.Equal(first.Redemption.RedemptionId, returned.Reply.RedemptionId);
    }

    [Fact]
    public async Task Each_item_of_a_batch_is_answered_for_itself_and_conflicts_stand_in_the_report()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync(virtualStart: Samples.Start);
        await RotateAsync(tenant);
        var codes = new[] { await JointRecipes.Coupon(tenant), await JointRecipes.Coupon(tenant) };
        var signed = (await SignAsync(tenant, codes)).Reply.Coupons;
        Assert.Equal(RpcStatus.Ok, (await tenant.Redeem(new() { Code = codes[1] })).Code);
        var forged = Item(signed[0], codes[0], "o-4");
        forged.SignedText = forged.SignedText.Replace("amount=1;", "amount=9;", StringComparison.Ordinal);
        OfflineItem[] items =
        [
            Item(signed[0], codes[0], "o-1"), Item(signed[1], codes[1], "o-2"), Item(signed[0], codes[0], "o-3"), forged,
            Item(signed[0], codes[1], "o-5"),
        ];

        var results = (await CaptureAsync(tenant, items)).Reply.Results;

        Assert.NotNull(results[0].Redemption);
        Assert.Equal(["ALREADY_REDEEMED"], results[1].Conflict.Reasons);
        Assert.Equal(["ALREADY_REDEEMED"], results[2].Conflict.Reasons);
        Assert.Equal(("SIGNATURE_INVALID", "SIGNATURE_INVALID"), (results[3].Reason, results[4].Reason));
        var report = await ReportAsync(tenant);
        Assert.Equal([results[1].Conflict, results[2].Conflict], report.Conflicts);
        Assert.Equal((1, 2, 2L), (report.AcceptedCount, report.ConflictCount, report.Loss.MinorUnits));
        Assert.Equal(LossParty.Tenant, report.Conflicts[0].LossParty);
    }

    [Fact]
    public async Task A_leaked_key_signs_nothing_that_counts_and_what_was_answered_stays_answered()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync(virtualStart: Samples.Start);
        await RotateAsync(tenant);
        var codes = new[] { await JointRecipes.Coupon(tenant), await JointRecipes.Coupon(tenant) };
        var signed = (await SignAsync(tenant, codes)).Reply.Coupons;
        var first = (await CaptureAsync(tenant, Item(signed[0], codes[0], "o-1"))).Reply.Results[0];

        await RotateAsync(tenant, revokes: true);

        Assert.Equal([true, false], (await KeysAsync(tenant)).Select(key => key.RevokeTime is not null));
        Assert.Equal(first, (await CaptureAsync(tenant, Item(signed[0], codes[0], "o-1"))).Reply.Results[0]);
        Assert.Equal("SIGNATURE_INVALID", (await CaptureAsync(tenant, Item(signed[1], codes[1], "o-2"))).Reply.Results[0].Reason);
        var anew = (await SignAsync(tenant, codes[1])).Reply.Coupons[0];
        Assert.NotNull((await CaptureAsync(tenant, Item(anew, codes[1], "o-2"))).Reply.Results[0].Redemption);
    }

    [Fact]
    public async Task A_sealed_batch_captures_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync(virtualStart: Samples.Start);
        await RotateAsync(tenant);
        var code = await JointRecipes.Coupon(tenant);
        var signed = (await SignAsync(tenant, code)).Reply.Coupons[0];
        _ = (await tenant.Client.Call<SealOperationRequest, SealOperationResponse>(
            "OperationService/SealOperation", new() { RequestId = "late" }, tenant.AdminKey)).Reply;

        var answer = await tenant.Client.Call<CaptureOfflineRequest, CaptureOfflineResponse>(
            "CouponService/CaptureOffline",
            new() { RequestId = "late", Items = { Item(signed, code, "o-1") } },
            tenant.AdminKey);

        Assert.Equal("OPERATION_SEALED", answer.Reason);
        Assert.Equal(RpcStatus.Ok, (await tenant.Redeem(new() { Code = code })).Code);
    }

    [Fact]
    public async Task A_joint_coupon_signed_by_the_issuer_is_captured_by_the_redeemer_and_conflicts_are_paid_as_agreed()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(
            server,
            terms =>
            {
                terms.Trigger.MaxOpenPerCustomer = 0;
                terms.Offline = new JointOfflineTerms { LossParty = LegRole.Issuing };
            });
        await RotateAsync(shops.Bakery);
        var code = (await shops.BuyAsync("p-1"))!;
        var signed = (await SignAsync(shops.Bakery, code)).Reply.Coupons[0];
        Assert.Equal(shops.Bakery.TenantId, Assert.Single(await KeysAsync(shops.Shoes, shops.AgreementId)).TenantId);

        var first = (await CaptureAsync(shops.Shoes, Item(signed, code, "o-1", JointShops.Start))).Reply.Results[0];
        var again = (await CaptureAsync(shops.Shoes, Item(signed, code, "o-2", JointShops.Start))).Reply.Results[0];

        Assert.Equal(199, first.Redemption.Discount.MinorUnits);
        Assert.Equal(LossParty.Issuing, again.Conflict.LossParty);
        Assert.Equal((66L + 199, 0L), await shops.OwedAsync());
        foreach (var tenant in (TestTenant[])[shops.Bakery, shops.Shoes])
        {
            Assert.Equal(again.Conflict, Assert.Single((await ReportAsync(tenant, shops.AgreementId)).Conflicts));
        }

        var stranger = await server.CreateTenantAsync();
        var hidden = await stranger.Client.Call<ListOfflineConflictsRequest, ListOfflineConflictsResponse>(
            "CouponService/ListOfflineConflicts", new() { AgreementId = shops.AgreementId }, stranger.AdminKey);
        Assert.Equal("AGREEMENT_NOT_FOUND", hidden.Reason);
    }

    private static async Task RotateAsync(TestTenant tenant, bool revokes = false) =>
        _ = (await tenant.Client.Call<RotateSigningKeyRequest, RotateSigningKeyResponse>(
            "CouponService/RotateSigningKey",
            new() { RequestId = TestServer.NewId(), RevokesEarlier = revokes },
            tenant.AdminKey)).Reply;

    private static async Task<IList<SigningKey>> KeysAsync(TestTenant tenant, string agreementId = "") =>
        (await tenant.Client.Call<ListSigningKeysRequest, ListSigningKeysResponse>(
            "CouponService/ListSigningKeys", new() { AgreementId = agreementId }, tenant.AdminKey)).Reply.Keys;

    private static Task<RpcAnswer<SignCouponsResponse>> SignAsync(TestTenant tenant, params string[] codes) =>
        tenant.Client.Call<SignCouponsRequest, SignCouponsResponse>(
            "CouponService/SignCoupons",
            new() { Coupons = { codes.Select(code => new CouponToSign { Code = code }) } },
            tenant.AdminKey);

    private static async Task<RpcAnswer<CaptureOfflineResponse>> CaptureAsync(TestTenant tenant, params OfflineItem[] items) =>
        await tenant.Client.Call<CaptureOfflineRequest, CaptureOfflineResponse>(
            "CouponService/CaptureOffline",
            new() { RequestId = TestServer.NewId(), Items = { items } },
            await tenant.KeyAsync(Role.Store));

    private static async Task<ListOfflineConflictsResponse> ReportAsync(TestTenant tenant, string agreementId = "") =>
        (await tenant.Client.Call<ListOfflineConflictsRequest, ListOfflineConflictsResponse>(
            "CouponService/ListOfflineConflicts", new() { AgreementId = agreementId }, tenant.AdminKey)).Reply;

    private static OfflineItem Item(SignedCoupon signed, string code, string order, NodaTime.Instant? at = null) => new()
    {
        Code = code,
        Source = "pos",
        OrderId = order,
        TillId = "t-1",
        TillTime = new() { Seconds = (at ?? Samples.Start).ToUnixTimeSeconds() },
        SignedText = signed.SignedText,
        Signature = signed.Signature,
    };
}
