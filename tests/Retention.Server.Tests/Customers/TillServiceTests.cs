using NodaTime;
using Retention.Server.Commands;
using Retention.Server.Rpc;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

/// <summary>What a chain asks of its tills, and what it is told of them, over the wire.</summary>
public sealed class TillServiceTests : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("retention-tills-").FullName;
    private TestServer? started;

    public async Task InitializeAsync() => started = await TestServer.StartAsync(directory: directory);

    public async Task DisposeAsync()
    {
        await started!.DisposeAsync();
        Assert.Equal(0, await CommandLine.RunAsync(["verify", "--data", directory]));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_cashier_who_serves_himself_stands_in_the_report_or_is_refused()
    {
        var shop = await OpenAsync();
        _ = (await shop.AskAsAdmin<RegisterCashierResponse>("PurchaseService/RegisterCashier", new RegisterCashierRequest
        {
            RequestId = TestServer.NewId(), CashierId = "7", CustomerId = "ann",
        })).Reply;

        var own = (await shop.BuyAsync("p1", 1_000)).Reply;
        var anothers = (await shop.BuyAsync("p2", 1_000, sale => sale.CustomerId = "bob")).Reply;
        _ = (await shop.BuyAsync("p3", 1_000)).Reply;
        await UpdateAsync(shop, new V1.Program { OwnCard = RuleOutcome.Refuse }, "own_card");
        var refused = await shop.BuyAsync("p4", 1_000);

        Assert.Equal("OWN_CARD", Assert.Single(own.Explanation).Rule);
        Assert.Empty(anothers.Explanation);
        Assert.Equal((RpcStatus.FailedPrecondition, "OWN_CARD"), (refused.Code, refused.Reason));
        var flags = Assert.Single(await ReportAsync(shop));
        Assert.Equal((shop.Tenant.StoreId, "1", "7", 2, 0), (flags.StoreId, flags.TillId, flags.CashierId, flags.OwnCard, flags.CardVelocity));
    }

    [Fact]
    public async Task Too_many_uses_of_a_card_are_flagged_or_refused()
    {
        var shop = await OpenAsync();
        var program = await UpdateAsync(shop, new V1.Program { CardUsesPerHour = 1 }, "card_uses_per_hour");
        _ = (await shop.BuyAsync("p1", 1_000)).Reply;
        var flagged = (await shop.BuyAsync("p2", 1_000, sale => sale.CashierId = "8")).Reply;
        await UpdateAsync(shop, new V1.Program { CardVelocity = RuleOutcome.Refuse }, "card_velocity");
        var refused = await shop.BuyAsync("p3", 1_000);

        Assert.Equal((RuleOutcome.Flag, RuleOutcome.Flag, 1, 0), (program.OwnCard, program.CardVelocity, program.CardUsesPerHour, program.CardUsesPerDay));
        Assert.Equal("CARD_VELOCITY", Assert.Single(flagged.Explanation).Rule);
        Assert.Equal("CARD_VELOCITY", refused.Reason);
        Assert.Equal(("hour", "1"), (refused.Raw.Info!.Metadata["limit"], refused.Raw.Info!.Metadata["maximum"]));
        Assert.Equal(("8", 1), (Assert.Single(await ReportAsync(shop)).CashierId, (await ReportAsync(shop))[0].CardVelocity));
    }

    [Fact]
    public async Task Till_and_cashier_are_required_of_tills_where_the_program_says_so()
    {
        var shop = await OpenAsync();
        Assert.Equal(RpcStatus.Ok, (await shop.BuyAsync("p1", 1_000, Bare)).Code);
        await UpdateAsync(shop, new V1.Program { RequireTillIds = true }, "require_till_ids");

        var bare = await shop.BuyAsync("p2", 1_000, Bare);
        var coupon = await shop.Ask<RedeemCouponResponse>(
            "CouponService/RedeemCoupon", new RedeemCouponRequest { RequestId = TestServer.NewId(), Code = "NONE", TillId = "1" });
        var desk = await shop.AskAsAdmin<RecordPurchaseResponse>("PurchaseService/RecordPurchase", BareSale("p3"));
        var consent = await shop.Ask<ChangeConsentResponse>("CustomerService/ChangeConsent", new ChangeConsentRequest
        {
            RequestId = TestServer.NewId(),
            CustomerId = "ann",
            Consents = { new Consent { BrandId = shop.Tenant.BrandId, Channel = Channel.Store, Purpose = Purpose.Survey } },
        });

        Assert.Equal((RpcStatus.InvalidArgument, "till_id"), (bare.Code, bare.Raw.Info!.Metadata["field"]));
        Assert.Equal("FIELD_INVALID", coupon.Reason);
        Assert.Equal(RpcStatus.Ok, (await shop.BuyAsync("p2", 1_000)).Code);
        Assert.Equal((RpcStatus.Ok, RpcStatus.Ok), (desk.Code, consent.Code));
    }

    [Fact]
    public async Task A_sale_of_the_future_is_refused_beyond_the_programs_minutes()
    {
        var shop = await OpenAsync();
        var day = Duration.FromDays(1);

        var near = await shop.BuyAsync("p1", 1_000, sale => sale.PurchaseTime = (Shop.Noon + day).ToProto());
        var far = await shop.BuyAsync("p2", 1_000, sale => sale.PurchaseTime = (Shop.Noon + day + Duration.FromSeconds(1)).ToProto());

        Assert.Equal(RpcStatus.Ok, near.Code);
        Assert.Equal((RpcStatus.InvalidArgument, "purchase_time"), (far.Code, far.Raw.Info!.Metadata["field"]));
        Assert.Equal("1440", far.Raw.Info!.Metadata["purchase_ahead_minutes"]);
    }

    private async Task<Shop> OpenAsync()
    {
        var shop = await Shop.OpenAsync(started!);
        await shop.EnrollAsync();
        await shop.EnrollAsync("bob");
        return shop;
    }

    private static void Bare(RecordPurchaseRequest sale) => (sale.TillId, sale.CashierId) = ("", "");

    private static RecordPurchaseRequest BareSale(string purchaseId)
    {
        var sale = Shop.Sale(purchaseId, 1_000);
        Bare(sale);
        return sale;
    }

    private static async Task<V1.Program> UpdateAsync(Shop shop, V1.Program program, string field) =>
        (await shop.AskAsAdmin<UpdateProgramResponse>("TenantService/UpdateProgram", new UpdateProgramRequest
        {
            RequestId = TestServer.NewId(), Program = program, UpdateMask = new() { Paths = { field } },
        })).Reply.Program;

    private static async Task<IReadOnlyList<TillFlags>> ReportAsync(Shop shop) =>
        (await shop.AskAsAdmin<GetTillReportResponse>("PurchaseService/GetTillReport", new GetTillReportRequest
        {
            StartDate = "2017-03-01", EndDate = "2017-03-01", StoreId = shop.Tenant.StoreId,
        })).Reply.Tills;
}
