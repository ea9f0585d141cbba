using System.Diagnostics;
using System.Globalization;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Demo;
using Retention.Server.Verify;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;

namespace Retention.Faults.Database;

/// <summary>
/// D5: the database's processes are ended, killed, restarted and stopped under two nodes with tills. Nothing that was
/// acknowledged is lost or doubled, and the tills go on within 5 s after the database is back.
/// </summary>
internal static class DatabaseRow
{
    private const int TillCount = 12;
    private const int Customers = 24;
    private const int AnswersBetween = 50;

    /// <summary>Every till was answered, and again.</summary>
    private const int AnswersOfAll = TillCount * 2;
    private const string Lanes = "query LIKE 'SELECT head, answers% FROM append%'";
    private static readonly TimeSpan OutageMost = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Sheet sheet)
    {
        if (!PostgresServer.IsInstalled)
        {
            sheet.Skip("D5", PostgresServer.Missing);
            return;
        }

        using var postgres = PostgresServer.StartNew();
        await RunAsync(sheet, postgres, "D5 terminated backends", sheet.Of(30, 1_000), answersBefore: 0, async server =>
        {
            server.Sql("postgres", $"SELECT pg_terminate_backend({AnyBackend(server, "true")})");
            await Task.Delay(TimeSpan.FromSeconds(1) / 3);
        });
        await RunAsync(sheet, postgres, "D5 killed backends", sheet.Of(3, 100), AnswersBetween, async server =>
        {
            PostgresServer.Signal("KILL", AnyBackend(server, "true"));
            await BackAsync(server);
        });
        await RunAsync(sheet, postgres, "D5 restarts", sheet.Of(3, 100), AnswersBetween, server =>
        {
            server.Restart();
            return Task.CompletedTask;
        });
        await RunAsync(sheet, postgres, "D5 stopped backends", sheet.Of(3, 100), AnswersBetween, async server =>
        {
            var lane = AnyBackend(server, Lanes);
            PostgresServer.Signal("STOP", lane);
            await Task.Delay(Pause);
            PostgresServer.Signal("CONT", lane);
        });
        await RunAsync(sheet, postgres, "D5 paused postmaster", sheet.Of(3, 100), AnswersBetween, async server =>
        {
            var postmaster = File.ReadLines(Path.Combine(server.DataDirectory, "postmaster.pid")).First();
            PostgresServer.Signal("STOP", postmaster);
            await Task.Delay(Pause);
            PostgresServer.Signal("CONT", postmaster);
        }, withControls: true);
    }

    private static async Task RunAsync(
        Sheet sheet, PostgresServer postgres, string name, int cycles, int answersBefore, Func<PostgresServer, Task> harm,
        bool withControls = false)
    {
        using var folder = new Folder();
        var options = new PostgresOptions { ConnectionString = postgres.CreateDatabase() };
        await using var server = new DemoServer(folder.New(), options, nodeCount: 2);
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var shop = await Shop.OpenAsync(platform, "database", Customers);
        await using var tills = Tills.Open(shop, () => server.Grpc, TillCount, Customers);
        var (wrong, longest) = (new List<string>(), TimeSpan.Zero);
        await tills.AnswersAsync(AnswersBetween);
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            await tills.AnswersAsync(answersBefore);
            await harm(postgres);
            var outage = await OutageAsync(tills);
            longest = outage > longest ? outage : longest;
            if (outage > OutageMost) wrong.Add($"cycle {cycle}: the tills waited {outage.TotalSeconds:0.0} s after the database was back");
        }

        if (withControls) await ControlOutageAsync(sheet, postgres, tills);
        await tills.CloseAsync();
        var till = platform.As(shop.Key);
        var (lost, doubled, found) = await shop.SettleAsync(till);
        wrong.AddRange(found);
        if (withControls) await ControlLossAsync(sheet, postgres, options, shop, till);
        await server.StopAsync();
        var verified = withControls ? 0 : (await new Verification(
            new VerifiedDatabase(options), StoredKinds.All, StoredKinds.Laws(), (_, _, _) => { }).RunAsync(default)).Differences;
        sheet.Add(
            new Outcome(name, cycles, shop.Told.Count, lost, doubled, wrong.Count + verified,
                string.Create(CultureInfo.InvariantCulture, $"longest_outage_s={longest.TotalSeconds:0.0}")),
            wrong);
    }

    /// <summary>From now until all tills were answered.</summary>
    private static async Task<TimeSpan> OutageAsync(Tills tills)
    {
        var startedAt = Stopwatch.GetTimestamp();
        await tills.AnswersAsync(AnswersOfAll);
        return Stopwatch.GetElapsedTime(startedAt);
    }

    private static async Task ControlOutageAsync(Sheet sheet, PostgresServer postgres, Tills tills)
    {
        var backends = Backends(postgres, "true").Split('\n');
        PostgresServer.Signal("STOP", backends);
        var goOn = Task.Delay(OutageMost + TimeSpan.FromSeconds(2)).ContinueWith(
            _ => PostgresServer.Signal("CONT", backends), TaskScheduler.Default);
        var outage = await OutageAsync(tills);
        await goOn;
        sheet.Control("D5", outage > OutageMost, $"all backends stand still: {outage.TotalSeconds:0.0} s");
    }

    private static async Task ControlLossAsync(
        Sheet sheet, PostgresServer postgres, PostgresOptions options, Shop shop, Server.Client.RpcClient till)
    {
        var order = shop.Told.First(told => told.Order.Kind != OrderKind.Read).Order;
        var position = await Shop.PositionAsync(till, order.Id);
        postgres.Sql(DatabaseOf(options), $"DELETE FROM {options.Schema}.ledger_key WHERE position = {position}");
        var (lost, _, _) = await shop.SettleAsync(till);
        sheet.Control("D5", lost == 1, $"an order was taken out of the database: lost={lost}");
    }

    private static async Task BackAsync(PostgresServer postgres)
    {
        while (true)
        {
            try
            {
                postgres.Sql("postgres", "SELECT 1");
                return;
            }
            catch (InvalidOperationException)
            {
                await Task.Delay(20);
            }
        }
    }

    private static string AnyBackend(PostgresServer postgres, string condition) =>
        Backends(postgres, condition) is { Length: > 0 } found ? found.Split('\n')[0] : "0";

    private static string Backends(PostgresServer postgres, string condition) => postgres.Sql(
        "postgres", $"SELECT pid FROM pg_stat_activity WHERE application_name = 'retention' AND {condition} ORDER BY random()");

    private static string DatabaseOf(PostgresOptions options) => options.ConnectionString.Split(';')
        .Single(part => part.StartsWith("Database=", StringComparison.Ordinal))["Database=".Length..];
}
