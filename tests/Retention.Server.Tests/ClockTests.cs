using System.Globalization;
using Retention.Server.Tests.Agreements;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests;

/// <summary>A wall clock that jumps ends nothing by itself. More of it in row N5 of tests/Retention.Faults.</summary>
public sealed class ClockTests
{
    [Fact]
    public async Task While_the_wall_clock_is_in_doubt_nothing_ends_that_nobody_asks_for()
    {
        var clocks = new TwoClocks();
        await using var server = await TestServer.StartAsync(options => options with { Time = clocks });
        var (bakery, shoes) = (await server.CreateTenantAsync(), await server.CreateTenantAsync());
        var proposal = AgreementCalls.Proposal(bakery, shoes);
        proposal.Terms.Settle = Settle.AtSale;
        proposal.Terms.ConfirmWithin = new() { Seconds = 3_600 };
        _ = (await bakery.Propose(proposal)).Reply;
        _ = (await shoes.Accept(proposal.AgreementId)).Reply;
        var shops = new JointShops(bakery, shoes, proposal.AgreementId);
        await shops.DrainedAsync();
        _ = await JointShops.Call<EnrollCustomerResponse>(
            bakery, "CustomerService/EnrollCustomer", new EnrollCustomerRequest { RequestId = TestServer.NewId(), CustomerId = "anna" });
        await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);

        // Two hours pass by the monotonic clock, ten days by that on the wall: the wait is over, and nobody acts on it.
        clocks.Ahead = TimeSpan.FromDays(10);
        clocks.Gone = TimeSpan.FromHours(2);
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.False(await IsEndStoredAsync(shops));
        Assert.InRange(await AheadAsync(server), 863_999, 864_001);

        clocks.Ahead = TimeSpan.Zero;
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while (!await IsEndStoredAsync(shops))
        {
            Assert.True(DateTime.UtcNow < deadline, "The end of the wait was not stored within 30 s.");
            await Task.Delay(50);
        }
    }

    // A read alone shows the end too, with position 0.
    private static async Task<bool> IsEndStoredAsync(JointShops shops) =>
        (await shops.EntriesAsync())[^1] is { Kind: ClearingKind.Unconfirmed, Position: > 0 };

    private static async Task<double> AheadAsync(TestServer server)
    {
        using var http = new HttpClient();
        var lines = (await http.GetStringAsync($"http://{server.Http}/metrics")).Split('\n');
        // Of every server in this process.
        return lines.Where(line => line.StartsWith("retention_engine_clock_ahead_seconds"))
            .Max(line => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture));
    }

    private sealed class TwoClocks : TimeProvider
    {
        /// <summary>What has passed by both clocks beyond what really has.</summary>
        public TimeSpan Gone { get; set; }

        /// <summary>What the wall clock is ahead of the monotonic one.</summary>
        public TimeSpan Ahead { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Gone.Ticks;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Gone + Ahead;
    }
}
