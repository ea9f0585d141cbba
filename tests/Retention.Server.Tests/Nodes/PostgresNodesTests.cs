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
/// Two nodes on one database under 64 tills that ask either node in turn, on customers and an offer that both write.
/// Whatever dies, what was acknowledged is there once. RETENTION_NODES_CYCLES says how often; 3 times by default.
/// The database server is these tests' own: they crash it, and other tests run beside them.
/// </summary>
public sealed class PostgresNodesTests : IClassFixture<PostgresNodesTests.OwnServer>, IDisposable
{
    private const int AnswersBetweenFaults = 150;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly string folder = Directory.CreateTempSubdirectory("retention-nodes-").FullName;
    private readonly ITestOutputHelper output;
    private readonly PostgresServer? postgres;
    private readonly PostgresOptions options;

    public PostgresNodesTests(ITestOutputHelper output, OwnServer own)
    {
        this.output = output;
        postgres = own.Server;
        options = new PostgresOptions { ConnectionString = postgres?.CreateDatabase() ?? "" };
    }

    private static int Cycles =>
        int.TryParse(Environment.GetEnvironmentVariable("RETENTION_NODES_CYCLES"), out var cycles) ? cycles : 3;

    private string Database => new NpgsqlConnectionStringBuilder(options.ConnectionString).Database!;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [FactWithPostgres]
    public Task Nodes_that_write_the_same_customers_lose_and_double_nothing() => PlayAsync("conflicts", _ => Task.CompletedTask);

    [FactWithPostgres]
    public Task Nodes_that_are_killed_in_turn_lose_and_double_nothing() =>
        PlayAsync("kill9", server => server.CrashAsync(CancellationToken.None));

    [FactWithPostgres]
    public Task Backends_that_are_terminated_lose_and_double_nothing() => PlayAsync("terminate", _ =>
    {
        postgres!.Sql(
            "postgres", $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{Database}'");
        return Task.CompletedTask;
    });

    [FactWithPostgres]
    public Task A_database_that_crashes_and_comes_back_loses_and_doubles_nothing() => PlayAsync("crash", _ =>
    {
        postgres!.Crash();
        return Task.CompletedTask;
    });

    [FactWithPostgres]
    public Task A_database_that_is_restarted_loses_and_doubles_nothing() => PlayAsync("restart", _ =>
    {
        postgres!.Restart();
        return Task.CompletedTask;
    });

    [FactWithPostgres]
    public Task A_lane_that_stands_still_loses_and_doubles_nothing() => PlayAsync("sigstop", async _ =>
    {
        var lanes = postgres!.Sql(
            "postgres", $"SELECT pid FROM pg_stat_activity WHERE datname = '{Database}' AND query LIKE 'SELECT head, answers% FROM append%(%'").Split('\n');
        PostgresServer.Signal("STOP", lanes[0]);
        await Task.Delay(TimeSpan.FromSeconds(1));
        PostgresServer.Signal("CONT", lanes[0]);
    });

    private async Task PlayAsync(string fault, Func<DemoServer, Task> harm)
    {
        await using var server = new DemoServer(folder, options, nodeCount: 2);
        await server.StartAsync(CancellationToken.None);
        using var shop = new KilledShop(server);
        await shop.OpenAsync();
        using var close = new CancellationTokenSource();
        var tills = Enumerable.Range(0, KilledShop.Tills).Select(till => shop.WorkAsync(till, close.Token)).ToArray();
        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            await AnswersAsync(shop, tills);
            await harm(server);
        }

        await AnswersAsync(shop, tills);
        await close.CancelAsync();
        await Task.WhenAll(tills);
        var lost = await shop.CountLostAsync();
        var doubled = await shop.CountWrongBalancesAsync();
        var others = await shop.CountOtherRepliesAsync();
        var doubledByRepeats = await shop.CountWrongBalancesAsync();
        await server.StopAsync();
        var verified = await new Verification(
            new VerifiedDatabase(options), StoredKinds.All, StoredKinds.Laws(), (_, _, _) => { }).RunAsync(CancellationToken.None);

        var figures = string.Create(CultureInfo.InvariantCulture,
            $"{fault} cycles={Cycles} acked={shop.Acknowledged.Count} lost={lost}"
            + $" double={doubled + doubledByRepeats} violations={others + verified.Differences}");
        output.WriteLine(figures);
        Console.WriteLine(figures);
        Assert.Equal((0, 0, 0, 0, 0L), (lost, doubled, others, doubledByRepeats, verified.Differences));
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

    public sealed class OwnServer : IDisposable
    {
        public PostgresServer? Server { get; } = PostgresServer.IsInstalled ? PostgresServer.StartNew() : null;

        public void Dispose() => Server?.Dispose();
    }
}
