using System.Globalization;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Faults.Wire;
using Retention.Server.Client;
using Retention.Server.Demo;

namespace Retention.Faults.Tenants;

/// <summary>
/// S3: one tenant floods the server with purchases. Another one's till gets every answer, without an error, and its median
/// stays within the bar. Flood and till share the machine with the server, so the bar leaves room for that.
/// </summary>
internal static class NeighbourRow
{
    private const int FloodAtOnce = 64;
    private const double MedianGrowsTo = 2;
    private const double SlackMs = 40;

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var quiet = await Shop.OpenAsync(platform, "quiet", customers: 1);
        var noisy = await Shop.OpenAsync(platform, "noisy", customers: FloodAtOnce);
        var good = new GoodClient(() => server.Grpc, quiet.Key);
        var seconds = TimeSpan.FromSeconds(sheet.Of(3, 60));
        await good.DuringAsync(() => Task.Delay(1_000), buys: true);
        var calm = await good.DuringAsync(() => Task.Delay(2_000), buys: true);
        var flood = 0L;
        var during = await good.DuringAsync(async () => flood = await FloodAsync(server, noisy, seconds), buys: true);
        var wrong = new List<string>();
        if (during.Errors > 0) wrong.Add($"{during.Errors} of {during.Calls} calls of the quiet tenant failed");
        if (during.MedianMs > Math.Max(MedianGrowsTo * calm.MedianMs, calm.MedianMs + SlackMs))
        {
            wrong.Add($"the quiet tenant's median grew from {calm.MedianMs:0.0} to {during.MedianMs:0.0} ms");
        }

        sheet.Add(
            new Outcome("S3 noisy neighbour", 1, during.Calls, 0, 0, wrong.Count, string.Create(
                CultureInfo.InvariantCulture,
                $"(median {calm.MedianMs:0.0} -> {during.MedianMs:0.0} ms beside {flood / seconds.TotalSeconds:0} purchases/s)")),
            wrong);
    }

    private static async Task<long> FloodAsync(DemoServer server, Shop noisy, TimeSpan time)
    {
        using var client = RpcClient.Following(() => server.Grpc, noisy.Key, RpcPatience.Once);
        using var end = new CancellationTokenSource(time);
        var done = 0L;
        await Task.WhenAll(Enumerable.Range(0, FloodAtOnce).Select(async lane =>
        {
            for (var number = 0; !end.IsCancellationRequested; number++)
            {
                await Shop.AskAsync(client, new Order($"f{lane}.{number}", $"c{lane}", OrderKind.Buy), default);
                Interlocked.Increment(ref done);
            }
        }));
        return done;
    }
}
