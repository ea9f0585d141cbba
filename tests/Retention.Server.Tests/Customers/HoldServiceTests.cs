using NodaTime;
using Retention.Server.Commands;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

/// <summary>Points set aside, captured, voided and left to their time over the wire; the books verify.</summary>
public sealed class HoldServiceTests
{
    [Fact]
    public async Task Held_points_are_captured_or_voided_once_or_come_back_by_time()
    {
        var directory = Directory.CreateTempSubdirectory("retention-holds-").FullName;
        await using (var server = await TestServer.StartAsync(directory: directory))
        {
            var shop = await Shop.OpenAsync(server);
            await shop.EnrollAsync();
            await shop.BuyAsync("p1", 1_000);
            var request = Authorize(6_000);
            var held = (await shop.Ask<AuthorizePointsResponse>("LoyaltyService/AuthorizePoints", request)).Reply;
            var again = (await shop.Ask<AuthorizePointsResponse>("LoyaltyService/AuthorizePoints", request)).Reply;
            var tooMuch = await shop.Ask<AuthorizePointsResponse>("LoyaltyService/AuthorizePoints", Authorize(4_001));

            Assert.Equal(held, again);
            Assert.Equal((4_000, 6_000), (held.Balance.AvailableMillipoints, held.Balance.HeldMillipoints));
            Assert.Equal("INSUFFICIENT_POINTS", tooMuch.Reason);

            var capture = new CapturePointsRequest { RequestId = TestServer.NewId(), HoldId = held.HoldId, Millipoints = 2_000 };
            var captured = (await shop.Ask<CapturePointsResponse>("LoyaltyService/CapturePoints", capture)).Reply;
            var renamed = (await shop.Ask<CapturePointsResponse>(
                "LoyaltyService/CapturePoints", new CapturePointsRequest(capture) { RequestId = TestServer.NewId() })).Reply;
            var other = await shop.Ask<VoidPointsResponse>(
                "LoyaltyService/VoidPoints", new VoidPointsRequest { RequestId = TestServer.NewId(), HoldId = held.HoldId });

            Assert.Equal(captured, renamed);
            Assert.Equal((8_000, 0), (captured.Balance.AvailableMillipoints, captured.Balance.HeldMillipoints));
            Assert.Equal((RpcStatus.FailedPrecondition, "HOLD_ENDED"), (other.Code, other.Reason));

            _ = (await shop.Ask<ReverseRedemptionResponse>("LoyaltyService/ReverseRedemption", new ReverseRedemptionRequest
            {
                RequestId = TestServer.NewId(), RedemptionId = captured.RedemptionId,
            })).Reply;
            var late = (await shop.Ask<AuthorizePointsResponse>("LoyaltyService/AuthorizePoints", Authorize(9_000))).Reply;
            await shop.AdvanceToAsync(Shop.Noon + Duration.FromMinutes(5));
            var expired = await shop.Ask<CapturePointsResponse>("LoyaltyService/CapturePoints", new CapturePointsRequest
            {
                RequestId = TestServer.NewId(), HoldId = late.HoldId,
            });

            Assert.Equal("HOLD_ENDED", expired.Reason);
            Assert.Equal(10_000, (await shop.BalanceAsync()).AvailableMillipoints);
            await shop.BuyAsync("p2", 100);
            Assert.Equal(11_000, (await shop.BalanceAsync()).AvailableMillipoints);
        }

        Assert.Equal(0, await CommandLine.RunAsync(["verify", "--data", directory]));
        Directory.Delete(directory, recursive: true);
    }

    private static AuthorizePointsRequest Authorize(long millipoints) => new()
    {
        RequestId = TestServer.NewId(), CustomerId = "ann", Millipoints = millipoints, Ttl = new() { Seconds = 300 },
    };
}
