using System.Diagnostics;
using System.Globalization;
using System.Net;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Hosting;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;

namespace Retention.Faults.Calls;

/// <summary>
/// N2: a firewall forgets every connection between a node and its database, or between tills and a node: one way or both
/// fall silent for ever, and nobody is told. New connections work. The silence is found by time, within ten seconds with
/// the settings as they are, and nothing is lost or doubled. In CI the database is asked for three seconds only.
/// Control: a node that waits half a minute for its database.
/// </summary>
internal static class SilenceRow
{
    private const int TillCount = 8;
    private const int Customers = 8;
    private const int AnswersBetween = 40;

    /// <summary>Every till was answered, and again.</summary>
    private const int AnswersOfAll = TillCount * 2;
    private const int PatientSeconds = 30;
    private static readonly TimeSpan GoesOnWithin = TimeSpan.FromSeconds(5);
    private static readonly PostgresOptions Usual = new() { ConnectionString = "" };

    private static readonly (string Name, bool Requests, bool Answers)[] Ways =
        [("requests vanish", true, false), ("answers vanish", false, true), ("both ways silent", true, true)];

    public static async Task RunAsync(Sheet sheet)
    {
        using var log = new Quiet();
        var (rounds, seconds) = (sheet.Of(1, 10), sheet.Of(3, Usual.QueryTimeoutSeconds));
        var atWork = Ways.Select(way => ClientAsync(sheet, way, rounds)).ToList();
        if (PostgresServer.IsInstalled)
        {
            using var postgres = PostgresServer.StartNew();
            atWork.AddRange(Ways.Select(way => StoreAsync(sheet, postgres, way, rounds, seconds)));
            atWork.Add(ControlAsync(sheet, postgres, seconds));
            await Task.WhenAll(atWork);
            return;
        }

        sheet.Skip("N2 node and store", PostgresServer.Missing);
        await Task.WhenAll(atWork);
    }

    private static async Task ClientAsync(Sheet sheet, (string Name, bool Requests, bool Answers) way, int rounds)
    {
        using var folder = new Folder();
        await using var server = await StartAsync(folder.New(), null);
        await using var proxy = new ChaosProxy(() => EndpointOf(server));
        await PlayAsync(sheet, $"N2 till and node, {way.Name}", server, folder, proxy, () => proxy.Endpoint, way, rounds, TimeSpan.FromSeconds(10));
        await server.StopAsync();
    }

    private static async Task StoreAsync(
        Sheet sheet, PostgresServer postgres, (string Name, bool Requests, bool Answers) way, int rounds, int seconds)
    {
        using var folder = new Folder();
        await using var proxy = new ChaosProxy(() => new Uri($"tcp://127.0.0.1:{postgres.Port}"));
        await using var server = await StartAsync(folder.New(), Database(postgres, proxy, seconds));
        await PlayAsync(
            sheet, $"N2 node and store, {way.Name}", server, folder, proxy, () => EndpointOf(server), way, rounds, TimeSpan.FromSeconds(seconds + 1));
        await server.StopAsync();
    }

    private static async Task PlayAsync(
        Sheet sheet, string name, RetentionServer server, Folder folder, ChaosProxy proxy, Func<Uri> tillsAsk,
        (string Name, bool Requests, bool Answers) way, int rounds, TimeSpan foundWithin)
    {
        using var platform = new RpcClient(EndpointOf(server), Bootstrap(folder), RpcPatience.Default);
        var shop = await Shop.OpenAsync(platform, "silent", Customers);
        await using var tills = Tills.Open(shop, tillsAsk, TillCount, Customers);
        var (late, longest) = (new List<string>(), TimeSpan.Zero);
        for (var round = 0; round < rounds; round++)
        {
            await tills.AnswersAsync(AnswersBetween);
            proxy.FallSilent(way.Requests, way.Answers);
            var outage = await OutageAsync(tills);
            longest = outage > longest ? outage : longest;
            if (outage > foundWithin + GoesOnWithin) late.Add($"round {round}: the tills waited {outage.TotalSeconds:0.0} s");
        }

        await tills.AnswersAsync(AnswersBetween);
        await tills.CloseAsync();
        var (lost, doubled, wrong) = await shop.SettleAsync(platform.As(shop.Key));
        sheet.Add(
            new Outcome(name, rounds, shop.Told.Count, lost, doubled, wrong.Count + late.Count,
                string.Create(CultureInfo.InvariantCulture, $"longest_outage_s={longest.TotalSeconds:0.0}")),
            [.. wrong, .. late]);
    }

    private static async Task ControlAsync(Sheet sheet, PostgresServer postgres, int seconds)
    {
        using var folder = new Folder();
        await using var proxy = new ChaosProxy(() => new Uri($"tcp://127.0.0.1:{postgres.Port}"));
        await using var server = await StartAsync(folder.New(), Database(postgres, proxy, PatientSeconds));
        using var platform = new RpcClient(EndpointOf(server), Bootstrap(folder), RpcPatience.Default);
        var shop = await Shop.OpenAsync(platform, "silent", Customers);
        await using var tills = Tills.Open(shop, () => EndpointOf(server), TillCount, Customers);
        await tills.AnswersAsync(AnswersBetween);
        proxy.FallSilent(requests: false, answers: true);
        var outage = OutageAsync(tills);
        var bar = Task.Delay(TimeSpan.FromSeconds(seconds + 1) + GoesOnWithin);
        sheet.Control("N2", await Task.WhenAny(outage, bar) == bar, $"a node waits {PatientSeconds} s for its database");

        // What is silent is cut, so that the row need not wait as long as the node.
        proxy.FallSilent(requests: false, answers: false);
        await outage;
        await tills.CloseAsync();
        await server.StopAsync();
    }

    /// <summary>From now until all tills were answered.</summary>
    private static async Task<TimeSpan> OutageAsync(Tills tills)
    {
        var startedAt = Stopwatch.GetTimestamp();
        await tills.AnswersAsync(AnswersOfAll);
        return Stopwatch.GetElapsedTime(startedAt);
    }

    private static PostgresOptions Database(PostgresServer postgres, ChaosProxy proxy, int seconds)
    {
        var connection = postgres.CreateDatabase().Replace($"Port={postgres.Port};", $"Port={proxy.Endpoint.Port};", StringComparison.Ordinal);
        return Usual with { ConnectionString = connection, CommitTimeoutSeconds = seconds, QueryTimeoutSeconds = seconds };
    }

    private static Task<RetentionServer> StartAsync(string data, PostgresOptions? database) => RetentionServer.StartAsync(
        new ServerOptions
        {
            DataDirectory = data, Postgres = database,
            Grpc = new IPEndPoint(IPAddress.Loopback, 0), Http = new IPEndPoint(IPAddress.Loopback, 0),
        },
        default);

    private static Uri EndpointOf(RetentionServer server) => new($"http://{server.Grpc}");

    private static string Bootstrap(Folder folder) =>
        File.ReadAllText(Directory.GetFiles(folder.Path, "bootstrap.key", SearchOption.AllDirectories)[0]).Trim();
}
