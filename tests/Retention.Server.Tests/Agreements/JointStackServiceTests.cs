using System.Diagnostics;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>Joint coupons and a chain's own codes redeemed for one order in one call (CP6).</summary>
public sealed class JointStackServiceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("retention-stack-").FullName;

    [Fact]
    public async Task Coupons_of_two_agreements_and_an_own_code_are_redeemed_together_and_each_clears_its_part()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await OpenAsync(server);
        var second = await AgreedAsync(shops);
        var codes = await BuyAsync(shops, second, "p-1");
        var request = Order("o-1", 500, codes[0], "two", codes[1]);

        var answer = (await RedeemAsync(shops, request)).Reply;

        Assert.Equal(500, answer.Discount.MinorUnits);
        Assert.Equal((1, 200), (answer.Redemptions[0].Index, answer.Redemptions[0].Redemption.Discount.MinorUnits));
        Assert.Equal([199L, 101], answer.Redemptions.Skip(1).Select(one => one.Redemption.Discount.MinorUnits));
        Assert.Equal(66 + 33, await NetAsync(shops, shops.AgreementId) + await NetAsync(shops, second));
        Assert.Equal(answer, (await RedeemAsync(shops, request)).Reply);
        Assert.Equal(answer, (await RedeemAsync(shops, new(request) { RequestId = "other" })).Reply);
        Assert.Equal("REQUEST_ID_REUSED", (await RedeemAsync(shops, new(request) { TillId = "7" })).Reason);
        Assert.Equal("ORDER_ID_REUSED", (await RedeemAsync(shops, new(request) { RequestId = "third", TillId = "7" })).Reason);
        Assert.Equal("ALREADY_REDEEMED", (await shops.Shoes.Redeem(new() { Code = codes[0] })).Reason);

        // One of them comes back, half of it by its line and then all of it.
        var joint = answer.Redemptions[1].Redemption;
        var back = await ReverseAsync(shops, joint.RedemptionId, "r-1");
        Assert.Equal((99, false), (back.Discount.MinorUnits, back.IsWhole));
        Assert.Equal(34, await NetAsync(shops, joint.AgreementId));
        Assert.True((await shops.Shoes.Reverse(new() { RedemptionId = joint.RedemptionId })).Reply.IsReopened);
        Assert.Equal(0, await NetAsync(shops, joint.AgreementId));
        Assert.Equal(answer, (await RedeemAsync(shops, request)).Reply);
        Assert.Equal(0, await NetAsync(shops, joint.AgreementId));
    }

    [Fact]
    public async Task A_code_that_is_refused_leaves_every_coupon_free()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await OpenAsync(server);
        var second = await AgreedAsync(shops);
        var codes = await BuyAsync(shops, second, "p-1");
        await shops.Shoes.ActiveOffer(new Offer
        {
            OfferId = "only", Code = "ONLY", Discount = new Discount { AmountOff = Usd(990) }, Stacking = new OfferStacking { Exclusive = true },
        });
        _ = (await shops.Shoes.Redeem(new() { Code = codes[1] })).Reply;

        var used = await RedeemAsync(shops, Order("o-1", 1000, codes[0], "two", codes[1]));
        var alone = await RedeemAsync(shops, Order("o-2", 1000, codes[0], "only"));
        var unknown = await RedeemAsync(shops, Order("o-3", 1000, codes[0], "nothing"));

        Assert.Equal(("ALREADY_REDEEMED", "2"), (used.Reason, used.Raw.Info!.Metadata["index"]));
        Assert.Equal(("CONDITION_NOT_MET", "0"), (alone.Reason, alone.Raw.Info!.Metadata["index"]));
        Assert.Equal(("COUPON_NOT_FOUND", "1"), (unknown.Reason, unknown.Raw.Info!.Metadata["index"]));
        Assert.Equal(0, (await shops.Shoes.Offer("two")).RedeemedCount);
        Assert.Equal(2, (await RedeemAsync(shops, Order("o-1", 1000, codes[0], "two"))).Reply.Redemptions.Count);
        Assert.Equal(66 + 66, await NetAsync(shops, shops.AgreementId) + await NetAsync(shops, second));
    }

    [Fact]
    public async Task Of_many_orders_one_gets_the_coupon_and_of_many_calls_of_an_order_all_get_one_answer()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await OpenAsync(server);
        var code = (await shops.BuyAsync("p-1"))!;
        var other = (await shops.BuyAsync("p-2"))!;

        var orders = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => RedeemAsync(shops, Order($"o-{number}", 1000, code, "two"))));
        var request = Order("same", 1000, other, "two");
        var calls = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RedeemAsync(shops, new(request))));

        Assert.Single(orders, answer => answer.Code == RpcStatus.Ok);
        var reply = Assert.Single(calls.Select(answer => answer.Reply).Distinct());
        Assert.Equal(2, reply.Redemptions.Count);
        Assert.Equal(2, (await shops.Shoes.Offer("two")).RedeemedCount);
        Assert.Equal((66 + 66, 0), await shops.OwedAsync());
    }

    [Fact]
    public async Task A_server_that_is_killed_again_and_again_redeems_each_order_once_and_the_books_verify()
    {
        var requests = new List<RedeemCouponsRequest>();
        JointShops shops;
        string key;
        await using (var server = await TestServer.StartAsync(directory: folder))
        {
            shops = await OpenAsync(server);
            key = await shops.Shoes.KeyAsync(Role.Store);
            for (var number = 0; number < 24; number++)
            {
                requests.Add(Order($"o-{number}", 500, (await shops.BuyAsync($"p-{number}"))!, "two"));
            }
        }

        var answers = new Dictionary<string, RedeemCouponsResponse>();
        for (var kill = 1; kill <= 4; kill++)
        {
            using var process = ServeProcess.Serve(folder);
            using var client = new RpcClient(await process.ReadyAsync());
            var watch = Stopwatch.StartNew();
            var calls = requests.Select(request => TryAsync(client, request, key)).ToList();
            while (calls.Count(call => call.IsCompleted) < kill * 4 && watch.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(1);
            process.Kill();
            foreach (var (orderId, reply) in (await Task.WhenAll(calls)).OfType<(string, RedeemCouponsResponse)>())
            {
                Assert.Equal(reply, answers.GetValueOrDefault(orderId, reply));
                answers[orderId] = reply;
            }
        }

        await using (var server = await TestServer.StartAsync(directory: folder))
        {
            foreach (var request in requests)
            {
                var reply = (await server.Client.Call<RedeemCouponsRequest, RedeemCouponsResponse>("CouponService/RedeemCoupons", request, key)).Reply;
                Assert.Equal(reply, answers.GetValueOrDefault(request.OrderId, reply));
                Assert.Equal(2, reply.Redemptions.Count);
            }

            var position = (await server.Client.Call<GetPositionRequest, GetPositionResponse>(
                "AgreementService/GetPosition", new() { AgreementId = shops.AgreementId }, shops.Shoes.AdminKey)).Reply;
            Assert.Equal((24 * 66, true), (position.Positions[1].Net.MinorUnits, position.SumIsZero));
            var offer = (await server.Client.Call<GetOfferRequest, GetOfferResponse>(
                "OfferService/GetOffer", new() { OfferId = "two" }, shops.Shoes.AdminKey)).Reply.Offer;
            Assert.Equal(24, offer.RedeemedCount);
        }

        using var verify = ServeProcess.Run(["verify", "--data", folder]);
        var (code, output, errors) = await verify.ExitAsync();
        Assert.True(code == 0, output + errors);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static async Task<(string, RedeemCouponsResponse)?> TryAsync(RpcClient client, RedeemCouponsRequest request, string key)
    {
        try
        {
            var answer = await client.Call<RedeemCouponsRequest, RedeemCouponsResponse>("CouponService/RedeemCoupons", request, key);
            return answer.Code == RpcStatus.Ok ? (request.OrderId, answer.Reply) : null;
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or InvalidOperationException or OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<JointShops> OpenAsync(TestServer server)
    {
        var shops = await JointShops.OpenAsync(server, terms => terms.Trigger.MaxOpenPerCustomer = 0);
        await shops.Shoes.ActiveOffer(new Offer { OfferId = "two", Code = "TWO", Discount = new Discount { AmountOff = Usd(200) } });
        return shops;
    }

    /// <summary>A second agreement of the same brands, on the same terms.</summary>
    private static async Task<string> AgreedAsync(JointShops shops)
    {
        var proposal = AgreementCalls.Proposal(shops.Bakery, shops.Shoes);
        _ = (await shops.Bakery.Propose(proposal)).Reply;
        _ = (await shops.Shoes.Accept(proposal.AgreementId)).Reply;
        await shops.Bakery.Drained(proposal.AgreementId);
        return proposal.AgreementId;
    }

    /// <summary>A purchase at the bakery gives a coupon of each agreement.</summary>
    private static async Task<IReadOnlyList<string>> BuyAsync(JointShops shops, string second, string purchaseId)
    {
        await shops.SellAsync(shops.Bakery, "anna", purchaseId);
        await shops.Bakery.Drained(second);
        var coupons = await JointShops.Call<ListCouponsResponse>(
            shops.Bakery, "CouponService/ListCoupons", new ListCouponsRequest { CustomerId = "anna" });
        Assert.Equal(2, coupons.Coupons.Count);
        return [.. coupons.Coupons.Select(coupon => coupon.Code)];
    }

    private static RedeemCouponsRequest Order(string id, long total, params string[] codes) => new()
    {
        RequestId = "r-" + id,
        Codes = { codes },
        OrderId = id,
        Source = "pos",
        Basket = new Basket { Total = Usd(total), Lines = { new Line { LineId = "1", Quantity = 2, Amount = Usd(total) } } },
    };

    private static async Task<RpcAnswer<RedeemCouponsResponse>> RedeemAsync(JointShops shops, RedeemCouponsRequest request) =>
        await shops.Shoes.Client.Call<RedeemCouponsRequest, RedeemCouponsResponse>(
            "CouponService/RedeemCoupons", request, await shops.Shoes.KeyAsync(Role.Store));

    private static async Task<ReverseCouponRedemptionResponse> ReverseAsync(JointShops shops, string redemptionId, string returnId) =>
        (await shops.Shoes.Reverse(new()
        {
            RedemptionId = redemptionId,
            ReturnId = returnId,
            Lines = { new CouponReturnLine { LineId = "1", Quantity = 1 } },
        })).Reply;

    private static async Task<long> NetAsync(JointShops shops, string agreementId)
    {
        var position = await shops.Shoes.Position(agreementId);
        Assert.True(position.SumIsZero);
        return position.Positions[1].Net.MinorUnits;
    }
}
