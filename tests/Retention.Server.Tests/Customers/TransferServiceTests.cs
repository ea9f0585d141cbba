using Retention.Server.Commands;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

/// <summary>Points given, taken and moved over the wire; the books of all of it verify.</summary>
public sealed class TransferServiceTests
{
    [Fact]
    public async Task Points_move_once_between_customers_and_by_hand()
    {
        var directory = Directory.CreateTempSubdirectory("retention-transfers-").FullName;
        await using (var server = await TestServer.StartAsync(directory: directory))
        {
            var shop = await Shop.OpenAsync(server);
            await shop.EnrollAsync();
            await shop.EnrollAsync("bob");
            await shop.BuyAsync("p1", 1_000);
            var transfer = new TransferPointsRequest
            {
                RequestId = TestServer.NewId(), FromCustomerId = "ann", ToCustomerId = "bob", Millipoints = 4_000, TillId = "1", CashierId = "7",
            };

            var first = (await shop.Ask<TransferPointsResponse>("LoyaltyService/TransferPoints", transfer)).Reply;
            var again = (await shop.Ask<TransferPointsResponse>("LoyaltyService/TransferPoints", transfer)).Reply;
            var tooMuch = await shop.Ask<TransferPointsResponse>(
                "LoyaltyService/TransferPoints", new TransferPointsRequest(transfer) { RequestId = TestServer.NewId(), Millipoints = 6_001 });
            var given = (await shop.AskAsAdmin<AdjustPointsResponse>("LoyaltyService/AdjustPoints", Adjust(2_500))).Reply;
            var taken = (await shop.AskAsAdmin<AdjustPointsResponse>("LoyaltyService/AdjustPoints", Adjust(-500))).Reply;
            var byTill = await shop.Ask<AdjustPointsResponse>("LoyaltyService/AdjustPoints", Adjust(1));
            var mute = await shop.AskAsAdmin<AdjustPointsResponse>(
                "LoyaltyService/AdjustPoints", new AdjustPointsRequest(Adjust(1)) { Reason = "" });

            Assert.Equal(first, again);
            Assert.Equal((6_000, 4_000), (first.FromBalance.AvailableMillipoints, first.ToBalance.AvailableMillipoints));
            Assert.Equal(first.FromBalance.NextExpiryTime, first.ToBalance.NextExpiryTime);
            Assert.Equal((RpcStatus.FailedPrecondition, "INSUFFICIENT_POINTS"), (tooMuch.Code, tooMuch.Reason));
            Assert.Equal((8_500, 8_000), (given.Balance.AvailableMillipoints, taken.Balance.AvailableMillipoints));
            Assert.Equal(("lot_2", ""), (given.LotId, taken.LotId));
            Assert.Equal(RpcStatus.PermissionDenied, byTill.Code);
            Assert.Equal("reason", mute.Raw.Info!.Metadata["field"]);
            var kinds = (await shop.AskAsAdmin<ListHistoryResponse>(
                "CustomerService/ListHistory", new ListHistoryRequest { CustomerId = "ann" })).Reply.Entries.Select(entry => entry.Kind);
            Assert.Equal(["adjusted", "adjusted", "sent", "purchase", "enrolled"], kinds);
        }

        Assert.Equal(0, await CommandLine.RunAsync(["verify", "--data", directory]));
        Directory.Delete(directory, recursive: true);
    }

    private static AdjustPointsRequest Adjust(long millipoints) =>
        new() { RequestId = TestServer.NewId(), CustomerId = "ann", Millipoints = millipoints, Reason = "goodwill" };
}
