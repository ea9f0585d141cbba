using System.CommandLine;
using System.Text.Json;
using Retention.Server.Client;
using Retention.Server.Csv;
using Retention.Server.Demo;
using Retention.Server.Demo.Dataset;
using Retention.Storage.Sqlite;

namespace Retention.Server.Commands;

/// <summary><c>retention demo</c>: two to twenty brands, joint coupons, a year, and books that must be right.</summary>
internal static class DemoCommand
{
    private const int NodesMax = 16;

    private static readonly Option<string> Dataset = new("--dataset")
    {
        Description = "Folder in the shape of The Complete Journey. Default: an invented year.",
    };

    private static readonly Option<string> ScenarioPath = new("--scenario")
    {
        Description = "JSON file that overrides brands, days_valid, max_open_per_customer, "
            + "max_issued_per_customer_month, coupon_minor_units, issuer_share_bps, return_every_nth_event, "
            + "return_after_days, dispute_every_nth_redemption, as_of, invalid_redemptions.",
    };

    private static readonly Option<string> DataDirectory = new("--data")
    {
        Description = "Data directory of the server; run again on the same one, nothing changes. "
            + "Default: a temporary one.",
    };

    private static readonly Option<bool> Crash = new("--crash")
    {
        Description = "Kill the server in the middle, several times, and go on.",
    };

    private static readonly Option<bool> KeepServing = new("--keep-serving")
    {
        Description = "Leave the server running on the demo's data until Ctrl+C.",
    };

    private static readonly Option<int> Nodes = new("--nodes")
    {
        Description = "Servers on the one database; more than one needs PostgreSQL.",
        DefaultValueFactory = _ => 1,
    };

    private static readonly StoreArguments Store = new();

    public static Command Create()
    {
        var command = new Command("demo", "Starts a server, plays joint offers of several brands, verifies the books.")
        {
            Dataset, ScenarioPath, DataDirectory, Crash, KeepServing, Nodes,
        };
        Store.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var plan = Plan(parsed);
        var given = parsed.GetValue(DataDirectory);
        var folder = given is null ? Directory.CreateTempSubdirectory("retention-demo-").FullName : DataFolder(given);
        try
        {
            var home = Home(parsed, folder);
            var report = await ConsoleProgress.RunAsync(progress =>
                new DemoRun(plan, home, parsed.GetValue(Crash), progress).RunAsync(stop));
            Console.Out.WriteLine(parsed.GetValue(CommandLine.Json)
                ? JsonSerializer.Serialize(report, DemoReportJson.Default.DemoReport)
                : ReportText.Of(report, plan.Scenario));
            if (parsed.GetValue(KeepServing)) await ServeAsync(home, stop);
            return report.IsSound ? 0 : 1;
        }
        catch (Exception e) when (e is RpcCallException or ServerStartException)
        {
            throw new CommandFailure(e is RpcCallException { Reason.Length: > 0 } call
                ? $"{call.Status} {call.Reason}: {call.Message}"
                : e.Message);
        }
        finally
        {
            if (given is null) Directory.Delete(folder, recursive: true);
        }
    }

    private static DemoHome Home(ParseResult parsed, string folder)
    {
        var (database, nodes) = (Store.Read(parsed), parsed.GetValue(Nodes));
        if (nodes is < 1 or > NodesMax) throw new UsageFailure($"{Nodes.Name} must be from 1 to {NodesMax}");
        if (nodes > 1 && database is null) throw new UsageFailure($"{Nodes.Name} {nodes} needs PostgreSQL");
        return new DemoHome(folder, database, nodes);
    }

    private static DemoPlan Plan(ParseResult parsed)
    {
        try
        {
            var folder = parsed.GetValue(Dataset);
            if (folder is not null && !Directory.Exists(folder)) throw new UsageFailure($"{folder} is no folder");
            var dataset = folder is null ? GeneratedDataset.Create() : CompleteJourney.Read(folder);
            var scenario = parsed.GetValue(ScenarioPath) is { } path
                ? ScenarioFile.Read(path, dataset)
                : Scenario.For(dataset);
            var invalid = scenario.InvalidRedemptionsPath is { } invalidPath
                ? CompleteJourney.ReadRedemptions(invalidPath)
                : dataset.InvalidRedemptions;
            return new DemoPlan(dataset, scenario, invalid);
        }
        catch (CsvException e)
        {
            throw new UsageFailure(e.Message);
        }
    }

    private static string DataFolder(string given) =>
        StoreScan.IsStore(given) && !DemoMemory.IsIn(given)
            ? throw new UsageFailure($"{given} holds data that is not a demo's")
            : Path.GetFullPath(given);

    private static async Task ServeAsync(DemoHome home, CancellationToken stop)
    {
        await using var server = home.NewServer();
        await server.StartAsync(stop);
        await Console.Error.WriteLineAsync($"ready grpc={server.Grpc} http={server.Http} data={home.DataFolder}");
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await server.StopAsync();
    }
}
