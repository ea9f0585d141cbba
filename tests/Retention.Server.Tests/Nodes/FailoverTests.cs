using System.Globalization;
using Npgsql;
using Retention.Server.Demo;
using Retention.Server.Tests.Kill9;
using Retention.Server.Verify;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;
using Xunit.Abstractions;

namespace Retention.Server.Tests.Nodes;

/// <summary>
/// The primary is lost for ever under 64 tills on two nodes, and its synchronous standby takes over. Before that the standby
/// is out of reach for a while and somebody cancels the commits that wait for it, which makes them look done on the primary.
/// </summary>
public sealed class FailoverTests(ITestOutputHelper output) : IDisposable
{
    private const int AnswersBetweenFaults = 150;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly string folder = Directory.CreateTempSubdirectory("retention-failover-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [FactWithPostgres]
    public async Task What_was_acknowledged_is_on_the_standby_when_the_primary_is_lost()
    {
        using var primary = PostgresServer.StartNew();
        var connection = new NpgsqlConnectionStringBuilder(primary.CreateDatabase());
        using var standby = primary.StartStandby();
        connection.Host = $"127.0.0.1:{primary.Port},127.0.0.1:{standby.Port}";
        connection.Remove("Port");
        var options = new PostgresOptions { ConnectionString = connection.ConnectionString };
        await using var server = new DemoServer(folder, options, nodeCount: 2);
        await server.StartAsync(CancellationToken.None);
        using var shop = new KilledShop(server);
        await shop.OpenAsync();
        using var close = new CancellationTokenSource();
        var tills = Enumerable.Range(0, KilledShop.Tills).Select(till => shop.WorkAsync(till, close.Token)).ToArray();
        await AnswersAsync(shop, tills);

        standby.StopReceiving();
        var cancelled = await CancelWaitingAsync(primary);
        var acknowledgedBefore = shop.Acknowledged.Count;
        primary.Kill();
        standby.GoOnReceiving();
        standby.Promote();

        await AnswersAsync(shop, tills);
        await close.CancelAsync();
        await Task.WhenAll(tills);
        var lost = await shop.CountLostAsync();
        var wrong = await shop.CountWrongBalancesAsync();
        var others = await shop.CountOtherRepliesAsync();
        await server.StopAsync();
        var verified = await new Verification(
            new VerifiedDatabase(options), StoredKinds.All, StoredKinds.Laws(), (_, _, _) => { }).RunAsync(CancellationToken.None);

        var figures = string.Create(CultureInfo.InvariantCulture,
            $"D6 failovers=1 cancelled={cancelled} acked={shop.Acknowledged.Count} before={acknowledgedBefore} lost={lost}"
            + $" double={wrong} violations={others + verified.Differences}");
        output.WriteLine(figures);
        Console.WriteLine(figures);
        Assert.True(cancelled > 0, "no commit waited for the standby");
        Assert.Equal((0, 0, 0, 0L), (lost, wrong, others, verified.Differences));
    }

    /// <summary>Cancels what waits for the standby, as an impatient hand would, until each node was hit more than once.</summary>
    private static async Task<int> CancelWaitingAsync(PostgresServer primary)
    {
        var cancelled = 0;
        for (var tries = 0; tries < 200 && cancelled < 5; tries++)
        {
            cancelled += int.Parse(
                primary.Sql("postgres", "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"),
                CultureInfo.InvariantCulture);
            await Task.Delay(50);
        }

        return cancelled;
    }

    private static async Task AnswersAsync(KilledShop shop, Task[] tills)
    {
        var enough = shop.Acknowledged.Count + AnswersBetweenFaults;
        var deadline = DateTime.UtcNow + Patience;
        while (shop.Acknowledged.Count < enough)
        {
            Assert.All(tills, till => Assert.False(till.IsFaulted, $"{till.Exception}"));
            Assert.True(DateTime.UtcNow < deadline, $"Only {shop.Acknowledged.Count} of {enough} answers came in time.");
            await Task.Delay(10);
        }
    }
}
