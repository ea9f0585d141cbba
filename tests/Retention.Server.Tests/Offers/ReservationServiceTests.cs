using Retention.Server.Tests.Security;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;
using Duration = Google.Protobuf.WellKnownTypes.Duration;

namespace Retention.Server.Tests.Offers;

public sealed class ReservationServiceTests
{
    [Fact]
    public async Task A_reserved_coupon_waits_for_its_order_until_its_time_is_over()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync(virtualStart: Samples.Start);
        var code = await JointRecipes.Coupon(tenant);
        var order = new ReserveCouponRequest
        {
            Code = code, OrderId = "o-1", Source = "web", Ttl = new Duration { Seconds = 60 },
        };

        var first = (await tenant.Reserve(new(order))).Reply;

        Assert.Equal(Samples.Time.Seconds + 60, first.ExpireTime.Seconds);
        Assert.Equal(first, (await tenant.Reserve(new(order) { RequestId = "again" })).Reply);
        Assert.Equal("ORDER_ID_REUSED", (await tenant.Reserve(new(order) { TillId = "t-2" })).Reason);
        Assert.Equal("RESERVED_ELSEWHERE", (await tenant.Redeem(new() { Code = code })).Reason);
        await AdvanceAsync(tenant, 60);
        Assert.Equal(RpcStatus.Ok, (await tenant.Redeem(new() { Code = code })).Code);
    }

    [Theory]
    [InlineData(long.MaxValue, 0)]
    [InlineData(long.MinValue, 0)]
    [InlineData(long.MaxValue, int.MinValue)]
    [InlineData(0, 0)]
    public async Task A_time_to_live_that_is_none_is_refused(long seconds, int nanos)
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var code = await JointRecipes.Coupon(tenant);

        var answer = await tenant.Reserve(new()
        {
            Code = code, OrderId = "o-1", Source = "web", Ttl = new Duration { Seconds = seconds, Nanos = nanos },
        });

        Assert.Equal((RpcStatus.InvalidArgument, "FIELD_INVALID"), (answer.Code, answer.Reason));
    }

    [Fact]
    public async Task An_order_uses_up_what_it_reserved_and_a_canceled_one_gives_it_back()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await tenant.ActiveOffer(new Offer
        {
            Code = "TWO", Discount = new Discount { AmountOff = Usd(100) }, Limits = new OfferLimits { Total = 2 },
        });
        var kept = (await tenant.Reserve(new() { Code = "two", OrderId = "o-1", Source = "web" })).Reply;
        await tenant.Reserve(new() { Code = "two", OrderId = "o-2", Source = "web" });
        var full = await tenant.Redeem(new() { Code = "two" });
        Assert.Equal(("LIMIT_REACHED", "2"), (full.Reason, full.Raw.Info!.Metadata["reserved"]));

        Assert.Equal(
            RpcStatus.Ok, (await tenant.Redeem(new() { Code = "two", ReservationId = kept.ReservationId })).Code);
        var released = await tenant.Release(new() { OrderId = "o-2", Source = "web" });
        Assert.True(released.Reply.WasOpen);
        Assert.Equal(RpcStatus.Ok, (await tenant.Redeem(new() { Code = "two" })).Code);
        Assert.Equal("LIMIT_REACHED", (await tenant.Redeem(new() { Code = "two" })).Reason);
        Assert.Equal("RESERVATION_NOT_FOUND", (await tenant.Release(new() { OrderId = "o-9", Source = "web" })).Reason);
    }

    [Fact]
    public async Task Of_many_orders_that_reserve_the_last_units_exactly_as_many_get_them()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await tenant.ActiveOffer(new Offer { Code = "RUSH", Limits = new OfferLimits { Total = 20 } });

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(
            i => tenant.Reserve(new() { Code = "rush", OrderId = $"o-{i}", Source = "web" })));

        Assert.Equal(20, answers.Count(answer => answer.Code == RpcStatus.Ok));
        Assert.All(answers, answer => Assert.True(answer.Code == RpcStatus.Ok || answer.Reason == "LIMIT_REACHED"));
    }

    [Fact]
    public async Task Returned_lines_give_their_part_of_the_discount_back()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var offer = await tenant.ActiveOffer(new Offer { Code = "PART", Discount = new Discount { ShareBps = 1000 } });
        await tenant.Redeem(new()
        {
            Code = "part",
            OrderId = "o-1",
            Source = "pos",
            Basket = new Basket
            {
                Total = Usd(1000),
                Lines =
                {
                    new Line { LineId = "1", Quantity = 1, Amount = Usd(600) },
                    new Line { LineId = "2", Quantity = 2, Amount = Usd(400) },
                },
            },
        });
        var line = new ReverseCouponRedemptionRequest
        {
            OrderId = "o-1", Source = "pos", ReturnId = "ret-1", Lines = { new CouponReturnLine { LineId = "2", Quantity = 1 } },
        };

        var part = (await tenant.Reverse(new(line))).Reply;

        Assert.Equal((20, false), (part.Discount.MinorUnits, part.IsWhole));
        Assert.Equal(part, (await tenant.Reverse(new(line) { RequestId = "again" })).Reply);
        Assert.Equal("RETURN_ID_REUSED", (await tenant.Reverse(new(line) { TillId = "t-2" })).Reason);
        Assert.Equal(80, (await tenant.Offer(offer.OfferId)).DiscountGiven.MinorUnits);
        var rest = (await tenant.Reverse(new() { OrderId = "o-1", Source = "pos" })).Reply;
        Assert.Equal((80, true), (rest.Discount.MinorUnits, rest.IsWhole));
        Assert.Equal(0, (await tenant.Offer(offer.OfferId)).RedeemedCount);
    }

    [Fact]
    public async Task A_basket_and_a_return_name_each_line_once()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await tenant.ActiveOffer(new Offer { Code = "TWIN", Discount = new Discount { ShareBps = 1000 } });
        var line = new Line { LineId = "1", Quantity = 1, Amount = Usd(500) };
        var twins = await tenant.Redeem(new()
        {
            Code = "twin", Basket = new Basket { Total = Usd(1000), Lines = { line, line } },
        });
        var nameless = await tenant.Redeem(new()
        {
            Code = "twin", Basket = new Basket { Total = Usd(500), Lines = { line, new Line(), new Line() } },
        });
        var back = new CouponReturnLine { LineId = "1", Quantity = 1 };

        var returned = await tenant.Reverse(new()
        {
            RedemptionId = nameless.Reply.Redemption.RedemptionId, ReturnId = "ret-1", Lines = { back, back },
        });

        Assert.Equal(("FIELD_INVALID", "basket.lines"), (twins.Reason, twins.Raw.Info!.Metadata["field"]));
        Assert.Equal(("FIELD_INVALID", "lines"), (returned.Reason, returned.Raw.Info!.Metadata["field"]));
    }

    private static async Task AdvanceAsync(TestTenant tenant, long seconds) =>
        _ = (await tenant.Client.Call<AdvanceClockRequest, AdvanceClockResponse>(
            "TenantService/AdvanceClock",
            new()
            {
                RequestId = TestServer.NewId(),
                ToTime = new() { Seconds = (Samples.Start + NodaTime.Duration.FromSeconds(seconds)).ToUnixTimeSeconds() },
            },
            tenant.AdminKey)).Reply;
}
