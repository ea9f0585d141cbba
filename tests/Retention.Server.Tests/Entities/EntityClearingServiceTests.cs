using NodaTime;
using Retention.Server.Commands;
using Retention.Server.Rpc;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Entities;

/// <summary>
/// Franchisees are companies of their own: what one gives and another's store takes is owed between them from the commit
/// of the redemption on.
/// </summary>
public sealed class EntityClearingServiceTests
{
    private static readonly Instant Noon = Instant.FromUtc(2017, 5, 1, 16, 0);

    [Fact]
    public async Task Points_given_at_one_company_and_redeemed_at_another_are_owed_and_taken_back()
    {
        await using var server = await TestServer.StartAsync();
        var chain = await ChainAsync(server);
        await BuyAsync(chain, "store-north", "p-1", 10_000);
        await BuyAsync(chain, chain.StoreId, "p-2", 10_000);

        // 150 points: 100 of north's lot, 50 of the chain's own; 5.00 USD for 1,000.
        var redeemed = (await chain.Client.Call<RedeemPointsRequest, RedeemPointsResponse>(
            "LoyaltyService/RedeemPoints",
            new() { RequestId = TestServer.NewId(), CustomerId = "anna", Millipoints = 150_000, GiftId = "mug", StoreId = "store-south", BrandId = chain.BrandId },
            chain.AdminKey)).Reply;

        Assert.Equal([("", 25L), ("north", 50L)], await PositionsAsync(chain, "south"));
        Assert.Equal([("south", -50L)], await PositionsAsync(chain, "north"));
        Assert.Equal([("south", -25L)], await PositionsAsync(chain, ""));
        var entry = Assert.Single(await EntriesAsync(chain, "north", "south"));
        Assert.Equal((1, -50, EntityCause.Gift, "mug", false), (entry.Number, entry.Amount.MinorUnits, entry.Cause, entry.Subject, entry.Reversal));

        _ = (await chain.Client.Call<ReverseRedemptionRequest, ReverseRedemptionResponse>(
            "LoyaltyService/ReverseRedemption",
            new() { RequestId = TestServer.NewId(), RedemptionId = redeemed.RedemptionId, Reason = "BROKEN", StoreId = "store-south" },
            chain.AdminKey)).Reply;
        Assert.Equal([("", 0L), ("north", 0L)], await PositionsAsync(chain, "south"));
    }

    [Fact]
    public async Task A_coupon_that_one_company_funds_is_owed_to_the_other_and_a_part_comes_back_with_a_line()
    {
        await using var server = await TestServer.StartAsync();
        var chain = await ChainAsync(server);
        await chain.ActiveOffer(new Offer
        {
            OfferId = "spring",
            Kind = OfferKind.GenericCode,
            Code = "SPRING",
            Discount = new Discount { AmountOff = Usd(100) },
            EntityFunding = new OfferEntityFunding { EntityId = "north", ShareBps = 7500 },
        });

        var redemption = await RedeemAsync(chain, "store-south");
        await RedeemAsync(chain, "store-north");
        await RedeemAsync(chain, chain.StoreId);
        Assert.Equal([("", -75L), ("south", -75L)], await PositionsAsync(chain, "north"));

        var reverse = new ReverseCouponRedemptionRequest
        {
            RequestId = TestServer.NewId(), RedemptionId = redemption, Reason = "RETURNED", ReturnId = "r-1",
        };
        reverse.Lines.Add(new CouponReturnLine { LineId = "1", Quantity = 1 });
        _ = (await chain.Client.Call<ReverseCouponRedemptionRequest, ReverseCouponRedemptionResponse>(
            "CouponService/ReverseCouponRedemption", reverse, chain.AdminKey)).Reply;

        // A third of the discount came back, and with it a third of the share.
        Assert.Equal([("", -75L), ("south", -51L)], await PositionsAsync(chain, "north"));
        Assert.Equal([2L, 1L], (await EntriesAsync(chain, "south", "north")).Select(entry => entry.Number));
    }

    [Fact]
    public async Task The_statement_is_one_for_both_companies_and_closes_with_the_month_and_verify_finds_nothing()
    {
        var directory = Directory.CreateTempSubdirectory("retention-companies-").FullName;
        await using (var server = await TestServer.StartAsync(directory: directory))
        {
            var chain = await ChainAsync(server);
            await BuyAsync(chain, "store-north", "p-1", 10_000);
            _ = (await chain.Client.Call<RedeemPointsRequest, RedeemPointsResponse>(
                "LoyaltyService/RedeemPoints",
                new() { RequestId = TestServer.NewId(), CustomerId = "anna", Millipoints = 100_000, StoreId = "store-south", BrandId = chain.BrandId },
                chain.AdminKey)).Reply;
            _ = (await chain.Client.Call<AdvanceClockRequest, AdvanceClockResponse>(
                "TenantService/AdvanceClock",
                new() { RequestId = TestServer.NewId(), ToTime = Instant.FromUtc(2017, 6, 2, 0, 0).ToProto() },
                chain.AdminKey)).Reply;

            var (north, south) = (await StatementAsync(chain, "north", "south"), await StatementAsync(chain, "south", "north"));
            Assert.Equal((true, -50, 50), (north.IsClosed, north.Closing.MinorUnits, south.Closing.MinorUnits));
            Assert.Equal((north.StatementHash, north.LinesHash), (south.StatementHash, south.LinesHash));
        }

        Assert.Equal(0, await CommandLine.RunAsync(["verify", "--data", directory]));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Unknown_companies_and_a_company_with_itself_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        var chain = await ChainAsync(server);

        var unknown = await chain.Client.Call<GetEntityPositionRequest, GetEntityPositionResponse>(
            "EntityClearingService/GetEntityPosition", new() { EntityId = "west" }, chain.AdminKey);
        var itself = await chain.Client.Call<GetEntityStatementRequest, GetEntityStatementResponse>(
            "EntityClearingService/GetEntityStatement", new() { EntityId = "north", PartnerId = "north", Period = "2017-05" }, chain.AdminKey);

        Assert.Equal("LEGAL_ENTITY_NOT_FOUND", unknown.Reason);
        Assert.Equal("FIELD_INVALID", itself.Reason);
    }

    [Fact]
    public async Task A_company_that_owes_nobody_is_told_the_tenants_time()
    {
        await using var server = await TestServer.StartAsync();
        var chain = await ChainAsync(server);

        var positions = (await chain.Client.Call<GetEntityPositionRequest, GetEntityPositionResponse>(
            "EntityClearingService/GetEntityPosition", new() { EntityId = "north" }, chain.AdminKey)).Reply;

        Assert.Empty(positions.Positions);
        Assert.Equal(Noon.ToProto(), positions.AsOfTime);
    }

    private static async Task<TestTenant> ChainAsync(TestServer server)
    {
        var chain = await server.CreateTenantAsync(virtualStart: Noon);
        foreach (var entity in (string[])["north", "south"])
        {
            _ = (await chain.Client.Call<CreateLegalEntityRequest, CreateLegalEntityResponse>(
                "TenantService/CreateLegalEntity",
                new() { RequestId = TestServer.NewId(), EntityId = entity, DisplayName = entity, VatId = "LT1", Country = "LT" },
                chain.AdminKey)).Reply;
            _ = (await chain.Client.Call<CreateStoreRequest, CreateStoreResponse>(
                "TenantService/CreateStore",
                new() { RequestId = TestServer.NewId(), BrandId = chain.BrandId, StoreId = "store-" + entity, DisplayName = entity, EntityId = entity },
                chain.AdminKey)).Reply;
        }

        var update = new UpdateProgramRequest
        {
            RequestId = TestServer.NewId(), Program = new Retention.V1.Program { PointValueMinorUnits = 500 }, UpdateMask = new() { Paths = { "point_value_minor_units" } },
        };
        _ = (await chain.Client.Call<UpdateProgramRequest, UpdateProgramResponse>("TenantService/UpdateProgram", update, chain.AdminKey)).Reply;
        _ = (await chain.Client.Call<EnrollCustomerRequest, EnrollCustomerResponse>(
            "CustomerService/EnrollCustomer", new() { RequestId = TestServer.NewId(), CustomerId = "anna" }, chain.AdminKey)).Reply;
        return chain;
    }

    private static async Task BuyAsync(TestTenant chain, string storeId, string purchaseId, long cents) =>
        _ = (await chain.Client.Call<RecordPurchaseRequest, RecordPurchaseResponse>(
            "PurchaseService/RecordPurchase",
            new() { RequestId = TestServer.NewId(), CustomerId = "anna", PurchaseId = purchaseId, Source = "pos", StoreId = storeId, BrandId = chain.BrandId, Total = Usd(cents) },
            chain.AdminKey)).Reply;

    private static async Task<string> RedeemAsync(TestTenant chain, string storeId)
    {
        var basket = new Basket { Total = Usd(900) };
        basket.Lines.Add(new Line { LineId = "1", Quantity = 1, Amount = Usd(300) });
        basket.Lines.Add(new Line { LineId = "2", Quantity = 1, Amount = Usd(600) });
        return (await chain.Client.Call<RedeemCouponRequest, RedeemCouponResponse>(
            "CouponService/RedeemCoupon",
            new() { RequestId = TestServer.NewId(), Code = "SPRING", StoreId = storeId, Basket = basket },
            chain.AdminKey)).Reply.Redemption.RedemptionId;
    }

    private static async Task<List<(string, long)>> PositionsAsync(TestTenant chain, string entityId)
    {
        var positions = (await chain.Client.Call<GetEntityPositionRequest, GetEntityPositionResponse>(
            "EntityClearingService/GetEntityPosition", new() { EntityId = entityId }, chain.AdminKey)).Reply.Positions;
        Assert.All(positions, position => Assert.True(position.SumIsZero));
        return [.. positions.Select(position => (position.PartnerId, position.Net.MinorUnits))];
    }

    private static async Task<IReadOnlyList<EntityEntry>> EntriesAsync(TestTenant chain, string entityId, string partnerId) =>
        (await chain.Client.Call<ListEntityEntriesRequest, ListEntityEntriesResponse>(
            "EntityClearingService/ListEntityEntries", new() { EntityId = entityId, PartnerId = partnerId }, chain.AdminKey)).Reply.Entries;

    private static async Task<GetEntityStatementResponse> StatementAsync(TestTenant chain, string entityId, string partnerId) =>
        (await chain.Client.Call<GetEntityStatementRequest, GetEntityStatementResponse>(
            "EntityClearingService/GetEntityStatement",
            new() { EntityId = entityId, PartnerId = partnerId, Period = "2017-05" },
            chain.AdminKey)).Reply;
}
