using System.Diagnostics;
using System.Globalization;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Faults.Wire;
using Retention.Server.Client;
using Retention.Transport;

namespace Retention.Faults.Tenants;

/// <summary>
/// S3: each tenant has a share of calls a second, and one asks for ten times as many. Another one's till gets every
/// answer, and half of them, as 99 of 100, take at most twice as long as before. Calm and flood take turns; the rare slow
/// answers are those of the best turn, since other work on the machine only adds to them. Control: without shares a
/// flood is felt.
/// </summary>
internal static class NeighbourRow
{
    private const int Share = 200;
    private const int FloodPerSecond = 10 * Share;
    private const int FloodAtOnceMax = 512;
    private const int Rounds = 3;
    private const double GrowsTo = 2;

    // Of a median of a millisecond, and of what a thread waits for its turn on a busy machine.
    private const double SlackMedianMs = 1;
    private const double SlackP99Ms = 15;

    public static async Task RunAsync(Sheet sheet)
    {
        var seconds = TimeSpan.FromSeconds(sheet.Of(2, 20));
        await sheet.BestAsync(() => FloodedAsync(seconds));
        var (before, beside, _, _, _) = await PlayAsync(TimeSpan.FromSeconds(2), UnboundAsync);
        sheet.Control("S3", Felt(before, beside).Any(), string.Create(CultureInfo.InvariantCulture, $"without shares {Times(Service.All(before), Service.All(beside))}"));
    }

    private static async Task<Play> FloodedAsync(TimeSpan seconds)
    {
        var (turns, floods, served, refused, slowest) = await PlayAsync(seconds, FloodAsync, "--calls-per-second-per-tenant", $"{Share}");
        var wrong = new List<string>();
        var (calm, during) = (Service.All(turns), Service.All(floods));
        if (during.Errors > 0) wrong.Add($"{during.Errors} of {during.Calls} calls of the quiet tenant failed");
        var flood = Rounds * seconds.TotalSeconds;
        if (served > 1.1 * (Share * (flood + Rounds))) wrong.Add($"{served} calls of the noisy tenant were served");
        if (refused == 0) wrong.Add("nothing of the flood was refused");
        return new Play(
            new Outcome("S3 noisy neighbour", Rounds, during.Calls, 0, 0, 0, string.Create(
                CultureInfo.InvariantCulture,
                $"({Times(calm, during)} beside {served / flood:0} served and {refused / flood:0} refused a second, refusals in {slowest:0.0} ms)")),
            wrong, [.. Felt(turns, floods)]);
    }

    private static IEnumerable<string> Felt(List<Service> calm, List<Service> during)
    {
        var (before, beside) = (Service.All(calm), Service.All(during));
        if (beside.MedianMs > (GrowsTo * before.MedianMs) + SlackMedianMs) yield return $"the median grew: {Times(before, beside)}";
        var turns = calm.Zip(during, (x, y) => y.P99Ms - Math.Max(GrowsTo * x.P99Ms, x.P99Ms + SlackP99Ms));
        if (turns.Min() > 0) yield return $"the 99th of 100 grew in every turn: {Times(before, beside)}";
    }

    private static string Times(Service calm, Service during) => string.Create(
        CultureInfo.InvariantCulture,
        $"median {calm.MedianMs:0.0} -> {during.MedianMs:0.0} ms, p99 {calm.P99Ms:0.0} -> {during.P99Ms:0.0} ms");

    private static async Task<(List<Service> Calm, List<Service> During, int Served, int Refused, double RefusalMs)> PlayAsync(
        TimeSpan seconds, Func<RpcClient, int, CancellationToken, Task<(int, int, double)>> flood, params string[] settings)
    {
        using var folder = new Folder();
        await using var server = await OwnServer.StartAsync(folder.New(), null, settings);
        using var platform = server.Client();
        var quiet = await Shop.OpenAsync(platform, "quiet", customers: 1);
        var noisy = await Shop.OpenAsync(platform, "noisy", customers: 64);
        var good = new GoodClient(() => server.Endpoint, quiet.Key, pauseMs: 20);
        using var flooder = new RpcClient(server.Endpoint, noisy.Key, RpcPatience.Once);
        var (calm, during, served, refused, slowest) = (new List<Service>(), new List<Service>(), 0, 0, 0.0);
        await good.DuringAsync(() => Task.Delay(1_000), buys: true);
        for (var round = 0; round < Rounds; round++)
        {
            calm.Add(await good.DuringAsync(() => Task.Delay(seconds), buys: true));
            during.Add(await good.DuringAsync(
                async () =>
                {
                    using var end = new CancellationTokenSource(seconds);
                    var (more, no, ms) = await flood(flooder, round, end.Token);
                    (served, refused, slowest) = (served + more, refused + no, Math.Max(slowest, ms));
                },
                buys: true));
        }

        return (calm, during, served, refused, slowest);
    }

    /// <summary>So many a second, whether or not they are answered. The time of a refusal is the median.</summary>
    private static async Task<(int Served, int Refused, double RefusalMs)> FloodAsync(RpcClient client, int round, CancellationToken end)
    {
        var (began, sent, calls, times) = (Stopwatch.GetTimestamp(), 0, new List<Task<double>>(), new List<double>());
        while (!end.IsCancellationRequested)
        {
            var due = (int)(Stopwatch.GetElapsedTime(began).TotalSeconds * FloodPerSecond);
            while (sent < due && sent - calls.Count(x => x.IsCompleted) < FloodAtOnceMax) calls.Add(BuyAsync(client, $"f{round}.{sent++}", sent % 64));
            await Task.Delay(5, CancellationToken.None);
        }

        foreach (var call in calls) times.Add(await call);
        var refusals = times.Where(x => x > 0).Order().ToArray();
        return (times.Count - refusals.Length, refusals.Length, refusals.Length == 0 ? 0 : refusals[refusals.Length / 2]);
    }

    private static async Task<(int Served, int Refused, double RefusalMs)> UnboundAsync(RpcClient client, int round, CancellationToken end)
    {
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, FloodAtOnceMax).Select(async lane =>
        {
            for (var number = 0; !end.IsCancellationRequested; number++)
            {
                await BuyAsync(client, $"u{round}.{lane}.{number}", lane % 64);
                Interlocked.Increment(ref done);
            }
        }));
        return (done, 0, 0);
    }

    /// <summary>0: served; else how many milliseconds the refusal took.</summary>
    private static async Task<double> BuyAsync(RpcClient client, string id, int customer)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            await Shop.AskAsync(client, new Order(id, $"c{customer}", OrderKind.Buy), default);
            return 0;
        }
        catch (RpcCallException refusal) when (refusal is { Status: RpcStatus.ResourceExhausted, Reason: "OVERLOADED" })
        {
            return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }
    }
}
