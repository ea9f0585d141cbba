using System.Diagnostics;
using System.Globalization;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Demo;

namespace Retention.Faults.Wire;

/// <summary>
/// L3, L4, L6, L7: an attacker with raw frames on loopback, while a good client is at work. The server stays: the good client's
/// median is at most three times that of a calm moment, memory grows by at most 300 MiB, nothing aborts, and seconds
/// later all is as before. The unit tests of the transport say the same of each limit by itself.
/// </summary>
internal static class AttackRow
{
    private const double MedianGrowsTo = 3;
    private const long MemoryGrowsBy = 300 << 10;

    // What a thread waits for its turn on a busy machine is not the server's doing.
    private const double SlackMs = 40;

    // Five seconds on a machine of its own.
    private static readonly TimeSpan RecoversWithin = TimeSpan.FromSeconds(15);

    private static readonly (string Name, Func<Target, Task<string[]>> Run)[] All =
    [
        ("L3 rapid reset", Attacks.RapidResetAsync),
        ("L3 made to reset", Attacks.MadeYouResetAsync),
        ("L4 floods of frames", Attacks.FloodsAsync),
        ("L6 headers", Attacks.HeadersAsync),
        ("L7 bodies", Attacks.BodiesAsync),
    ];

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var shop = await Shop.OpenAsync(platform, "attacked", customers: 1);
        var target = new Target(server.Grpc, shop.Key, sheet.IsSoak);
        var good = new GoodClient(() => server.Grpc, shop.Key);
        var process = ServerPid.Of(server.DataFolder);
        await good.DuringAsync(() => Task.Delay(1_000));
        foreach (var (name, attack) in All)
        {
            var calm = await good.DuringAsync(() => Task.Delay(1_000));
            var before = OwnServer.MemoryKilobytes(process);
            string[] faults = [];
            var during = await good.DuringAsync(async () => faults = await attack(target));
            var grown = OwnServer.MemoryKilobytes(process) - before;
            var wrong = faults.ToList();
            var bar = Math.Max(MedianGrowsTo * calm.MedianMs, calm.MedianMs + SlackMs);
            if (during.MedianMs > bar) wrong.Add($"the good client's median grew from {calm.MedianMs:0.0} to {during.MedianMs:0.0} ms");
            if (during.Errors > 0) wrong.Add($"{during.Errors} of {during.Calls} good calls failed");
            if (grown > MemoryGrowsBy) wrong.Add($"memory grew by {grown >> 10} MiB");
            if (!await IsServedAsync(server, shop)) wrong.Add($"a new client is not served after {RecoversWithin.TotalSeconds:0} s");
            sheet.Add(
                new Outcome(name, 1, during.Calls, 0, 0, wrong.Count, string.Create(
                    CultureInfo.InvariantCulture,
                    $"(median {calm.MedianMs:0.0} -> {during.MedianMs:0.0} ms, memory {grown >> 10:+0;-0;0} MiB)")),
                wrong);
        }

        sheet.Control("L", await IsSeenAsync(good, process), "a server that stands still for a second fails the bar");
    }

    private static async Task<bool> IsServedAsync(DemoServer server, Shop shop)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < RecoversWithin)
        {
            using var client = new RpcClient(server.Grpc, shop.Key, new RpcPatience(TimeSpan.FromSeconds(2), TimeSpan.Zero));
            try
            {
                await Shop.AskAsync(client, new Order("", "c0", OrderKind.Read), default);
                return true;
            }
            catch (RpcCallException)
            {
                await Task.Delay(50);
            }
        }

        return false;
    }

    private static async Task<bool> IsSeenAsync(GoodClient good, int process)
    {
        var calm = await good.DuringAsync(() => Task.Delay(500));
        ServerPid.Pause(process);
        var during = await good.DuringAsync(async () =>
        {
            await Task.Delay(1_000);
            ServerPid.Continue(process);
        });
        return during.MedianMs > Math.Max(MedianGrowsTo * calm.MedianMs, calm.MedianMs + SlackMs);
    }
}
