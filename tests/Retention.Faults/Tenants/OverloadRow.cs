using System.Diagnostics;
using System.Globalization;
using Grpc.Health.V1;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Faults.Wire;
using Retention.Server.Client;
using Retention.Transport;

namespace Retention.Faults.Tenants;

/// <summary>
/// P18: three times as many tills at once as the server takes. What it does take is at least four fifths of what it did
/// at its best, and the rest is refused as OVERLOADED in less than 20 ms, with the time after which to come back. Best
/// and overload take turns.
/// </summary>
internal static class OverloadRow
{
    // More than it takes to keep the processors busy, so that a place that is empty for a moment costs nothing.
    private const int Places = 256;
    private const int Rounds = 3;
    private const double GoodputMin = 0.8;
    private const double RefusalMsMax = 20;

    // Shorter than it takes a client to find that nobody answers.
    private static readonly TimeSpan StandsStillIn = TimeSpan.FromSeconds(2);

    // As RetryInfo says.
    private static readonly TimeSpan ComesBackAfter = TimeSpan.FromMilliseconds(200);

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = await OwnServer.StartAsync(folder.New(), null, "--max-calls-per-tenant", $"{Places}");
        using var platform = server.Client();
        var shop = await Shop.OpenAsync(platform, "crowded", customers: 3 * Places);
        var time = TimeSpan.FromSeconds(sheet.Of(2, 20));
        await PlayAsync(server, shop, Places, time);
        await sheet.BestAsync(() => OverloadAsync(server, shop, time));
        var moving = await PlayAsync(server, shop, 3 * Places, StandsStillIn);
        var still = await PlayAsync(server, shop, 3 * Places, StandsStillIn, async () =>
        {
            ServerPid.Pause(server.Pid);
            await Task.Delay(StandsStillIn * 0.8);
            ServerPid.Continue(server.Pid);
        });
        sheet.Control("P18", still.Served < GoodputMin * moving.Served, "a server that stands still most of the time fails the bar");
    }

    private static async Task<Play> OverloadAsync(OwnServer server, Shop shop, TimeSpan time)
    {
        var (best, crowd) = (new List<Run>(), new List<Run>());
        for (var round = 0; round < Rounds; round++)
        {
            best.Add(await PlayAsync(server, shop, Places, time));
            crowd.Add(await PlayAsync(server, shop, 3 * Places, time));
        }

        var (peak, goodput) = (Median(best.Select(x => (double)x.Served)), Median(crowd.Select(x => (double)x.Served)));

        // Measured by a till that asks now and then: what hundreds of callers in one process make each other wait is not
        // the server's doing. What the machine makes any call wait is not either, and a call that needs nothing tells it.
        var probe = Median(crowd.SelectMany(x => x.ProbeMs));
        var refusals = crowd.SelectMany(x => x.RefusalMs).ToList();
        var refused = crowd.Sum(x => x.Refused);
        var (wrong, slow) = (new List<string>(), new List<string>());
        if (goodput < GoodputMin * peak) slow.Add($"goodput {goodput / time.TotalSeconds:0}/s of {peak / time.TotalSeconds:0}/s");
        if (refusals.Count == 0) wrong.Add("nothing was refused");
        else if (Median(refusals) > RefusalMsMax + probe) slow.Add($"a refusal takes {Median(refusals):0.0} ms, a question of health {probe:0.0} ms");
        if (crowd.Sum(x => x.Failed) is > 0 and var failed) wrong.Add($"{failed} calls failed otherwise");
        var outcome = new Outcome("P18 overload", Rounds, crowd.Sum(x => x.Served), 0, 0, 0, string.Create(
            CultureInfo.InvariantCulture,
            $"(goodput {goodput / peak:P0} of {peak / time.TotalSeconds:0}/s; {refused} refused, median {Median(refusals):0.0} ms, health {probe:0.0} ms)"));
        return new Play(outcome, wrong, slow);
    }

    private sealed record Run(
        int Served, int Failed, int Refused, IReadOnlyCollection<double> RefusalMs, IReadOnlyCollection<double> ProbeMs);

    private static async Task<Run> PlayAsync(OwnServer server, Shop shop, int tills, TimeSpan time, Func<Task>? meanwhile = null)
    {
        // Several connections: a hundred calls at once is what one may have.
        var clients = Enumerable.Range(0, 4).Select(_ => new RpcClient(server.Endpoint, shop.Key, RpcPatience.Once)).ToArray();
        var (served, failed, refused, run) = (0, 0, 0, Guid.NewGuid().ToString("N")[..8]);
        using var end = new CancellationTokenSource(time);
        var probing = ProbeAsync(server, shop, run, end.Token);
        var happening = meanwhile?.Invoke() ?? Task.CompletedTask;
        await Task.WhenAll(Enumerable.Range(0, tills).Select(async till =>
        {
            for (var number = 0; !end.IsCancellationRequested; number++)
            {
                try
                {
                    await Shop.AskAsync(clients[till % clients.Length], new Order($"{run}.{till}.{number}", $"c{till}", OrderKind.Buy), default);
                    if (!end.IsCancellationRequested) Interlocked.Increment(ref served);
                }
                catch (RpcCallException refusal) when (refusal is { Status: RpcStatus.ResourceExhausted, Reason: "OVERLOADED" })
                {
                    Interlocked.Increment(ref refused);
                    await Task.Delay(ComesBackAfter);
                }
                catch (RpcCallException)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        }));
        await happening;
        var (refusals, probes) = await probing;
        foreach (var client in clients) client.Dispose();
        return new Run(served, failed, refused, refusals, probes);
    }

    /// <summary>Times of refusals and of questions of health, in turn, on a connection of its own.</summary>
    private static async Task<(List<double> RefusalMs, List<double> HealthMs)> ProbeAsync(OwnServer server, Shop shop, string run, CancellationToken end)
    {
        using var client = new RpcClient(server.Endpoint, shop.Key, RpcPatience.Once);
        var (refusals, health) = (new List<double>(), new List<double>());
        for (var number = 0; !end.IsCancellationRequested; number++)
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                await Shop.AskAsync(client, new Order($"{run}.probe.{number}", "c0", OrderKind.Buy), default);
            }
            catch (RpcCallException refusal) when (refusal is { Status: RpcStatus.ResourceExhausted, Reason: "OVERLOADED" })
            {
                refusals.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }

            began = Stopwatch.GetTimestamp();
            await client.Call<HealthCheckResponse>("grpc.health.v1.Health/Check", new HealthCheckRequest(), CancellationToken.None);
            health.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await Task.Delay(5, CancellationToken.None);
        }

        return (refusals, health);
    }

    private static double Median(IEnumerable<double> values) => values.Order().ToArray() is { Length: > 0 } sorted ? sorted[sorted.Length / 2] : 0;
}
