using Retention.Server.Codes;
using Retention.Server.Commands;
using Retention.Server.Services;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Offers;

public sealed class CodeServiceTests
{
    [Fact]
    public async Task Many_codes_are_written_to_a_file_and_an_interrupted_one_is_completed_without_gap_or_double()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer { Discount = new Discount { AmountOff = Usd(100) }, CodePrefix = "B2B" });
        var path = Path.Combine(server.DataDirectory, "codes.csv");

        var first = await FileOf(server, tenant, path, offer.OfferId, 5_000);
        var whole = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, whole[..(whole.Length / 2)]);
        var second = await FileOf(server, tenant, path, offer.OfferId, 5_000);

        Assert.Equal((5_000, 5_000), (first.Codes, first.Written));
        Assert.Equal((first.SeriesId, 5_000), (second.SeriesId, second.Codes));
        Assert.InRange(second.Written, 2_000, 3_000);
        Assert.Equal(whole, await File.ReadAllTextAsync(path));
        var codes = whole.Split('\n', StringSplitOptions.RemoveEmptyEntries)[2..];
        Assert.Equal(5_000, codes.Distinct().Count());
        Assert.Equal(RpcStatus.Ok, (await tenant.Redeem(new() { Code = codes[4_999] })).Code);
        Assert.Equal("ALREADY_REDEEMED", (await tenant.Redeem(new() { Code = codes[4_999] })).Reason);
        Assert.Equal(5_000, (await tenant.Offer(offer.OfferId)).IssuedCount);
        await Assert.ThrowsAsync<CodeFileException>(() => FileOf(server, tenant, path, offer.OfferId, 6_000));
    }

    [Fact]
    public async Task A_partners_codes_are_taken_in_and_those_that_stand_are_told()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer { Discount = new Discount { AmountOff = Usd(100) } });
        var request = new ImportCodesRequest
        {
            RequestId = "i-1", OfferId = offer.OfferId, Codes = { "WK-1", "WK-2", "wk-1" },
        };

        var first = (await Import(tenant, request)).Reply;

        Assert.Equal((2, 2), (first.ImportedCount, Assert.Single(first.Taken)));
        Assert.Equal(first, (await Import(tenant, request)).Reply);
        Assert.Equal(0, (await Import(tenant, new(request) { RequestId = "i-2" })).Reply.ImportedCount);
        Assert.Equal(RpcStatus.Ok, (await tenant.Redeem(new() { Code = "wk-2" })).Code);
        Assert.Equal("ALREADY_REDEEMED", (await tenant.Redeem(new() { Code = "WK-2" })).Reason);
    }

    [Fact]
    public async Task Trying_out_codes_is_slowed_down_for_the_one_who_does_and_for_nobody_else()
    {
        await using var server = await TestServer.StartAsync(
            options => options with { Coupons = new CouponOptions { FailuresPerMinute = 3 } });
        var tenant = await server.CreateTenantAsync();
        await tenant.ActiveOffer(new Offer { Code = "REAL" });
        var reasons = new List<string?>();
        for (var attempt = 0; attempt < 5; attempt++)
        {
            reasons.Add((await tenant.Redeem(new() { Code = $"GUESS{attempt}" })).Reason);
        }

        Assert.Equal(
            ["COUPON_NOT_FOUND", "COUPON_NOT_FOUND", "COUPON_NOT_FOUND", "TOO_MANY_FAILURES", "TOO_MANY_FAILURES"], reasons);
        var slowed = await tenant.Redeem(new() { Code = "REAL" });
        Assert.Equal(RpcStatus.ResourceExhausted, slowed.Code);
        Assert.Equal("coupon_failures_per_minute", slowed.Raw.Info!.Metadata["limit"]);
        Assert.Equal("3", slowed.Raw.Info.Metadata["maximum"]);
        var other = await tenant.Client.Call<ValidateCouponRequest, ValidateCouponResponse>(
            "CouponService/ValidateCoupon", new() { Code = "REAL" }, tenant.AdminKey);
        Assert.True(other.Reply.Redeemable);
    }

    private static async Task<CodeReport> FileOf(
        TestServer server, TestTenant tenant, string path, string offerId, int count)
    {
        using var client = new Client.RpcClient(new Uri($"http://{server.Grpc}"), tenant.AdminKey);
        return await new CodeFile(client, new CodeOrder(path, offerId, count), ConsoleProgress.Silent)
            .RunAsync(CancellationToken.None);
    }

    private static Task<RpcAnswer<ImportCodesResponse>> Import(TestTenant tenant, ImportCodesRequest request) =>
        tenant.Client.Call<ImportCodesRequest, ImportCodesResponse>("OfferService/ImportCodes", request, tenant.AdminKey);
}
