using System.Diagnostics;
using Retention.Faults.Calls;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Demo;
using Retention.Transport;

namespace Retention.Faults.Disk;

/// <summary>
/// D4: the disk is full. Writes are refused with RESOURCE_EXHAUSTED, reads go on, and when there is room again the server
/// goes on by itself.
/// </summary>
internal static class FullDisk
{
    private const int Customers = 8;
    private const int BallastBytes = 700 * 1024;
    private const int RefusalsToBeSure = 50;
    private static readonly TimeSpan RecoversWithin = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        var disk = folder.New();
        if (!Run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk))
        {
            sheet.Skip("D4", "this user may not mount a small disk");
            return;
        }

        try
        {
            // Each soak cycle needs its own ballast, so it is a series of full disks.
            for (var disks = 0; disks < sheet.Of(1, 6); disks++) await FillAsync(sheet, disk, cycles: 5);
        }
        finally
        {
            Run("umount", disk);
        }
    }

    private static async Task FillAsync(Sheet sheet, string disk, int cycles)
    {
        for (var number = 0; number < cycles; number++)
        {
            await File.WriteAllBytesAsync(Ballast(disk, number), new byte[BallastBytes]);
        }

        var data = Directory.CreateDirectory(Path.Combine(disk, "data")).FullName;
        await using var server = new DemoServer(data);
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var shop = await Shop.OpenAsync(platform, "full", Customers);
        using var till = new RpcClient(server.Grpc, shop.Key, RpcPatience.Once);
        var (wrong, next) = (new List<string>(), 0);
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            next = await BuyUntilFullAsync(shop, till, next, wrong);
            for (var number = 0; number < Customers; number++)
            {
                await Shop.AskAsync(till, new Order("", $"c{number}", OrderKind.Read), default);
            }

            File.Delete(Ballast(disk, cycle));
            if (!await GoesOnAsync(shop, till, $"again{cycle}")) wrong.Add($"cycle {cycle}: with room no order is taken again");
        }

        var (lost, doubled, others) = await shop.SettleAsync(till);
        var exit = await server.StopAsync();
        if (exit != 0) wrong.Add($"the server ended with {exit}");
        Directory.Delete(data, recursive: true);
        sheet.Add(new Outcome("D4 full disk", cycles, shop.Told.Count, lost, doubled, wrong.Count + others.Count), wrong.Concat(others));
    }

    private static async Task<int> BuyUntilFullAsync(Shop shop, RpcClient till, int next, List<string> wrong)
    {
        var refused = 0;
        await Parallel.ForAsync(0, 16, async (_, stop) =>
        {
            while (Volatile.Read(ref refused) < RefusalsToBeSure)
            {
                var number = Interlocked.Increment(ref next);
                try
                {
                    await shop.DoAsync(till, new Order($"b{number}", $"c{number % Customers}", OrderKind.Buy), stop);
                }
                catch (RpcCallException refusal) when (refusal.Status == RpcStatus.ResourceExhausted)
                {
                    Interlocked.Increment(ref refused);
                }
                catch (RpcCallException refusal)
                {
                    Interlocked.Increment(ref refused);
                    lock (wrong) wrong.Add($"refused with {refusal.Status} {refusal.Reason} {refusal.Message}");
                }
            }
        });
        return next;
    }

    private static async Task<bool> GoesOnAsync(Shop shop, RpcClient till, string id)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < RecoversWithin)
        {
            try
            {
                await shop.DoAsync(till, new Order(id, "c0", OrderKind.Buy));
                return true;
            }
            catch (RpcCallException refusal) when (refusal.Status == RpcStatus.ResourceExhausted)
            {
                await Task.Delay(50);
            }
        }

        return false;
    }

    private static string Ballast(string disk, int number) => Path.Combine(disk, $"ballast{number}");

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
