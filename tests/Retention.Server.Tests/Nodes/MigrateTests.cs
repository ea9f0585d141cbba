using Retention.Server.Commands;
using Retention.Server.Demo;
using Retention.Server.Migrate;
using Retention.Server.Tests.Kill9;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;

namespace Retention.Server.Tests.Nodes;

/// <summary>A data directory moves into PostgreSQL, with a break on the way, and two nodes go on where it stopped.</summary>
public sealed class MigrateTests : IDisposable
{
    private const int AnswersBefore = 1_500;
    private readonly string folder = Directory.CreateTempSubdirectory("retention-migrate-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [FactWithPostgres]
    public async Task A_directory_that_was_moved_has_the_same_digest_and_answers_as_before()
    {
        var database = new PostgresOptions { ConnectionString = PostgresServer.Instance.CreateDatabase() };
        await using var before = new DemoServer(folder);
        using var shop = new KilledShop(before);
        await WorkAsync(before, shop);
        using var stop = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new StoreMigration(folder, database, (_, _, _) => stop.Cancel()).RunAsync(stop.Token));
        var report = await new StoreMigration(folder, database, (_, _, _) => { }).RunAsync(CancellationToken.None);

        Assert.True(report.IsEqual, report.Text);
        Assert.True(report.Commits > AnswersBefore);
        string[] connection = ["--connection", database.ConnectionString];
        Assert.Equal(0, await CommandLine.RunAsync(["migrate", "--data", folder, .. connection]));
        Assert.Equal(0, await CommandLine.RunAsync(["verify", .. connection]));
        await using var after = new DemoServer(folder, database, nodeCount: 2);
        await after.StartAsync(CancellationToken.None);
        using var sameShop = shop.MovedTo(after);
        Assert.Equal((0, 0), (await sameShop.CountLostAsync(), await sameShop.CountWrongBalancesAsync()));
        Assert.Equal(0, await after.StopAsync());
    }

    [FactWithPostgres]
    public async Task A_database_that_holds_other_data_is_not_written_to()
    {
        var database = new PostgresOptions { ConnectionString = PostgresServer.Instance.CreateDatabase() };
        await using (var other = new DemoServer(Path.Combine(folder, "other"), database))
        {
            await other.StartAsync(CancellationToken.None);
            await other.StopAsync();
        }

        await using (var server = new DemoServer(folder))
        {
            await server.StartAsync(CancellationToken.None);
            await server.StopAsync();
        }

        Assert.Equal(1, await CommandLine.RunAsync(["migrate", "--data", folder, "--connection", database.ConnectionString]));
    }

    private static async Task WorkAsync(DemoServer server, KilledShop shop)
    {
        await server.StartAsync(CancellationToken.None);
        await shop.OpenAsync();
        using var close = new CancellationTokenSource();
        var tills = Enumerable.Range(0, KilledShop.Tills).Select(till => shop.WorkAsync(till, close.Token)).ToArray();
        while (shop.Acknowledged.Count < AnswersBefore)
        {
            Assert.All(tills, till => Assert.False(till.IsFaulted, $"{till.Exception}"));
            await Task.Delay(10);
        }

        await close.CancelAsync();
        await Task.WhenAll(tills);
        Assert.Equal(0, await server.StopAsync());
    }
}
