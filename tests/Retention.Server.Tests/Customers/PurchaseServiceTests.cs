using NodaTime;
using Retention.Server.Rpc;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

public sealed class PurchaseServiceTests(CustomerServer shared) : IClassFixture<CustomerServer>
{
    [Fact]
    public async Task A_sale_brings_points_and_says_by_which_rule_and_until_when()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();

        var reply = (await shop.BuyAsync("p1", 1_099)).Reply;

        var accrual = Assert.Single(reply.Accruals);
        Assert.Equal((10_000, "BASE", 1), (accrual.Millipoints, accrual.Rule, accrual.RuleVersion));
        Assert.Equal(Instant.FromUtc(2018, 3, 1, 5, 0), accrual.ExpireTime.ToInstant());
        Assert.Equal(shop.Tenant.BrandId, reply.Purchase.BrandId);
        Assert.Equal(shop.Tenant.StoreId, reply.Purchase.StoreId);
        Assert.Equal(Shop.Noon, reply.Purchase.PurchaseTime.ToInstant());
        Assert.Equal(reply.Balance, await shop.BalanceAsync());
    }

    [Fact]
    public async Task A_sale_sent_again_counts_once_whatever_its_request_id()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        var sale = Shop.Sale("p1", 1_000);

        var first = (await Record(shop, sale)).Reply;
        var repeated = (await Record(shop, sale)).Reply;
        var renamed = (await Record(shop, new RecordPurchaseRequest(sale) { RequestId = "another" })).Reply;
        var changed = await Record(shop, Shop.Sale("p1", 1_001));

        Assert.Equal(first, repeated);
        Assert.Equal(first, renamed);
        Assert.Equal((RpcStatus.AlreadyExists, "PURCHASE_ID_REUSED"), (changed.Code, changed.Reason));
        Assert.Equal(10_000, (await shop.BalanceAsync()).AvailableMillipoints);
    }

    [Fact]
    public async Task A_sale_of_500_lines_each_with_discount_and_tax_is_recorded_and_comes_back()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        var lines = Enumerable.Range(1, 500).Select(i => $"line-{i}").ToList();

        var sale = await shop.BuyAsync("p1", 50_000, sale =>
        {
            sale.Lines.Clear();
            sale.Lines.AddRange(lines.Select(
                id => new Line(Shop.Line(id, 100)) { ProductId = "4006381333931", Discount = Shop.Usd(5), Tax = Shop.Usd(16) }));
        });
        var back = Return("p1", "r1");
        back.Lines.AddRange(lines.Select(id => new ReturnLine { LineId = id, Quantity = 1, Amount = Shop.Usd(100) }));

        Assert.Equal(500_000, sale.Reply.Balance.AvailableMillipoints);
        Assert.Equal(500_000, (await TakeBack(shop, back)).Reply.ReversedMillipoints);
    }

    [Fact]
    public async Task Text_that_cannot_be_read_is_refused_by_its_field_and_rule()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();

        var answer = await shop.BuyAsync("p1", 1_000, sale => sale.Lines[0].Category = "boo\u0001ts");

        var told = answer.Raw.Info!.Metadata;
        Assert.Equal((RpcStatus.InvalidArgument, "FIELD_INVALID"), (answer.Code, answer.Reason));
        Assert.Equal(("lines.category", "no_control_characters"), (told["field"], told["rule"]));
    }

    [Fact]
    public async Task A_return_and_its_repeat_take_points_back_once()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.BuyAsync("p1", 1_000, sale => { sale.Lines.Clear(); sale.Lines.Add([Shop.Line("a", 400, 2), Shop.Line("b", 600)]); });

        var part = Return("p1", "r1", new ReturnLine { LineId = "a", Quantity = 1 });
        var first = (await TakeBack(shop, part)).Reply;
        var again = (await TakeBack(shop, new ReturnPurchaseRequest(part) { RequestId = "again" })).Reply;
        var other = await TakeBack(shop, Return("p1", "r1"));
        var rest = (await TakeBack(shop, Return("p1", "r2"))).Reply;

        Assert.Equal((200, 2_000), (first.Amount.MinorUnits, first.ReversedMillipoints));
        Assert.Equal(first, again);
        Assert.Equal("RETURN_ID_REUSED", other.Reason);
        Assert.Equal((800, 8_000), (rest.Amount.MinorUnits, rest.ReversedMillipoints));
        Assert.Equal(0, (await shop.BalanceAsync()).AvailableMillipoints);

        var view = (await shop.Ask<GetPurchaseResponse>(
            "PurchaseService/GetPurchase", new GetPurchaseRequest { Source = "pos", PurchaseId = "p1" })).Reply;
        Assert.Equal((1_000, 10_000), (view.Returned.MinorUnits, view.ReversedMillipoints));
        Assert.Equal(2, view.Purchase.Lines.Count);
    }

    [Fact]
    public async Task A_return_before_its_sale_may_be_sent_again_after_it()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        var request = Return("p1", "r1");

        var early = await TakeBack(shop, request);
        await shop.BuyAsync("p1", 1_000);
        var late = await TakeBack(shop, request);

        Assert.Equal((RpcStatus.NotFound, "PURCHASE_NOT_FOUND"), (early.Code, early.Reason));
        Assert.Equal(10_000, late.Reply.ReversedMillipoints);
    }

    [Fact]
    public async Task A_sale_paid_with_a_coupon_accrues_on_the_rest_and_tenders_add_up()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        Tender[] tenders =
        [
            new() { Kind = TenderKind.Coupon, Amount = Shop.Usd(200) }, new() { Kind = TenderKind.Cash, Amount = Shop.Usd(800) },
        ];

        var paid = (await shop.BuyAsync("p1", 1_000, sale => sale.Tenders.Add(tenders))).Reply;
        var wrong = await shop.BuyAsync("p2", 1_001, sale => sale.Tenders.Add(tenders));

        Assert.Equal(8_000, paid.Accruals[0].Millipoints);
        Assert.Equal("tenders", wrong.Raw.Info!.Metadata["field"]);
    }

    [Fact]
    public async Task Another_store_or_brand_than_the_tills_does_not_exist_for_it()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.Tenant.CreateBrandAsync("hats");
        await shop.Tenant.CreateStoreAsync("hat1", "hats");

        Assert.Equal("STORE_NOT_FOUND", (await shop.BuyAsync("p1", 100, sale => sale.StoreId = "hat1")).Reason);
        Assert.Equal("BRAND_NOT_FOUND", (await shop.BuyAsync("p1", 100, sale => sale.BrandId = "hats")).Reason);
        Assert.Equal("CURRENCY_MISMATCH", (await shop.BuyAsync("p1", 100, sale =>
        {
            sale.Total.CurrencyCode = "EUR";
            sale.Lines[0].Amount.CurrencyCode = "EUR";
        })).Reason);
    }

    [Fact]
    public async Task An_admin_names_the_store_or_the_brand()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.Tenant.CreateBrandAsync("hats");
        await shop.Tenant.CreateStoreAsync("hat1", "hats");

        var byStore = await Admin(new RecordPurchaseRequest(Shop.Sale("p1", 100)) { StoreId = "hat1" });
        var byBrand = await Admin(new RecordPurchaseRequest(Shop.Sale("p2", 100)) { BrandId = "hats" });
        var byNothing = await Admin(Shop.Sale("p3", 100));

        Assert.Equal("hats", byStore.Reply.Purchase.BrandId);
        Assert.Equal("hats", byBrand.Reply.Purchase.BrandId);
        Assert.Equal("brand_id", byNothing.Raw.Info!.Metadata["field"]);

        Task<RpcAnswer<RecordPurchaseResponse>> Admin(RecordPurchaseRequest request) =>
            shop.AskAsAdmin<RecordPurchaseResponse>("PurchaseService/RecordPurchase", request);
    }

    [Fact]
    public async Task An_import_tells_the_fate_of_each_sale_and_changes_nothing_the_second_time()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        var batch = new ImportPurchasesRequest { RequestId = "batch", EnrollUnknownCustomers = true };
        for (var i = 1; i <= 20; i++)
        {
            batch.Purchases.Add(new RecordPurchaseRequest(Shop.Sale($"p{i}", 100 * i)) { CustomerId = $"c{i % 3}" });
        }

        batch.Purchases.Add(new RecordPurchaseRequest(Shop.Sale("p1", 7)) { CustomerId = "c1" });
        batch.Purchases.Add(new RecordPurchaseRequest(Shop.Sale("p21", 7)) { Source = "" });

        var first = (await Import(shop, batch)).Reply;
        var again = (await Import(shop, batch)).Reply;

        Assert.Equal(first, again);
        Assert.Equal(batch.Purchases.Select(sale => sale.RequestId), first.Results.Select(result => result.RequestId));
        Assert.All(first.Results.Take(20), result => Assert.Equal("", result.Reason));
        Assert.Equal(["PURCHASE_ID_REUSED", "FIELD_INVALID"], first.Results.Skip(20).Select(result => result.Reason));
        Assert.Equal(63_000, (await shop.BalanceAsync("c0")).AvailableMillipoints);
    }

    [Fact]
    public async Task An_import_that_may_not_enroll_refuses_unknown_customers()
    {
        var shop = await Shop.OpenAsync(shared.Server);

        var reply = (await Import(shop, new() { RequestId = "b", Purchases = { Shop.Sale("p1", 100) } })).Reply;

        Assert.Equal("CUSTOMER_NOT_FOUND", Assert.Single(reply.Results).Reason);
    }

    private static Task<RpcAnswer<ImportPurchasesResponse>> Import(Shop shop, ImportPurchasesRequest batch) =>
        shop.AskAsAdmin<ImportPurchasesResponse>("PurchaseService/ImportPurchases", batch);

    private static Task<RpcAnswer<RecordPurchaseResponse>> Record(Shop shop, RecordPurchaseRequest sale) =>
        shop.Ask<RecordPurchaseResponse>("PurchaseService/RecordPurchase", sale);

    private static Task<RpcAnswer<ReturnPurchaseResponse>> TakeBack(Shop shop, ReturnPurchaseRequest request) =>
        shop.Ask<ReturnPurchaseResponse>("PurchaseService/ReturnPurchase", request);

    private static ReturnPurchaseRequest Return(string purchaseId, string returnId, params ReturnLine[] lines) => new()
    {
        RequestId = TestServer.NewId(), Source = "pos", PurchaseId = purchaseId, ReturnId = returnId, Lines = { lines },
        Reason = "too small", TillId = "1", CashierId = "7",
    };
}
