using System.Diagnostics;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Commands;
using Retention.Server.Demo;

namespace Retention.Faults.Calls;

/// <summary>
/// N4: the server's process stands still for seconds. D9: it has hardly any processor, is frozen as a group, or is killed
/// by the system for its memory. Each time its tills go on afterwards, and the books are whole.
/// </summary>
internal static class PausedRow
{
    private const int TillCount = 8;
    private const int Customers = 6;

    public static async Task SignalsAsync(Sheet sheet)
    {
        await RunAsync(sheet, "N4 SIGSTOP", sheet.Of(6, 80), async (process, server, cycle) =>
        {
            ServerPid.Pause(process);
            await Task.Delay(TimeSpan.FromMilliseconds(500 + (cycle % 4 * 1_000)));
            ServerPid.Continue(process);
        });
    }

    public static async Task ScarcityAsync(Sheet sheet)
    {
        if (!ControlGroup.IsUsable)
        {
            sheet.Skip("D9", "no control groups (version 1) that this user may change");
            return;
        }

        await RunAsync(sheet, "D9 a tenth of a processor", sheet.Of(1, 8), async (process, _, _) =>
        {
            using var group = new ControlGroup("cpu", process, ("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "10000"));
            await Task.Delay(TimeSpan.FromSeconds(3));
        });
        var frozen = TimeSpan.FromSeconds(sheet.Of(4, 10));
        await RunAsync(sheet, "D9 frozen", sheet.Of(1, 8), async (process, _, _) =>
        {
            using var group = new ControlGroup("freezer", process, ("freezer.state", "FROZEN"));
            await Task.Delay(frozen);
            group.Set("freezer.state", "THAWED");
        });
        await RunAsync(sheet, "D9 killed for its memory", sheet.Of(1, 8), async (process, server, _) =>
        {
            using var running = Process.GetProcessById(process);
            using var group = new ControlGroup("memory", process, ("memory.limit_in_bytes", $"{4 << 20}"));
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await running.WaitForExitAsync(patience.Token);
            await server.CrashAsync(default);
        });
    }

    private static async Task RunAsync(Sheet sheet, string name, int cycles, Func<int, DemoServer, int, Task> happens)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var shop = await Shop.OpenAsync(platform, "paused", Customers);
        await using var tills = Tills.Open(shop, () => server.Grpc, TillCount, Customers);
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            await tills.AnswersAsync(200);
            await happens(ServerPid.Of(server.DataFolder), server, cycle);
        }

        await tills.AnswersAsync(200);
        await tills.CloseAsync();
        var (lost, doubled, wrong) = await shop.SettleAsync(platform.As(shop.Key));
        await server.StopAsync();
        var verified = await VerifyCommand.VerifyAsync(server.DataFolder, ConsoleProgress.Silent, default);
        sheet.Add(
            new Outcome(name, cycles, shop.Told.Count, lost, doubled, wrong.Count + verified.Differences), wrong);
    }

    /// <summary>A control group of its own with one process in it.</summary>
    private sealed class ControlGroup : IDisposable
    {
        private const string Root = "/sys/fs/cgroup";
        private readonly string path;

        public ControlGroup(string controller, int process, params ReadOnlySpan<(string File, string Value)> limits)
        {
            path = Path.Combine(Root, controller, $"retention-faults-{process}");
            Directory.CreateDirectory(path);
            Set("cgroup.procs", $"{process}");
            foreach (var (file, value) in limits)
            {
                // Memory in use cannot be taken back at once; the next page that is asked for ends the process.
                try
                {
                    Set(file, value);
                }
                catch (IOException) when (controller == "memory")
                {
                }
            }
        }

        public static bool IsUsable
        {
            get
            {
                try
                {
                    foreach (var controller in (string[])["cpu", "freezer", "memory"])
                    {
                        var probe = Path.Combine(Root, controller, "retention-faults-probe");
                        Directory.CreateDirectory(probe);
                        if (!File.Exists(Path.Combine(probe, "cgroup.procs"))) return false;
                        Directory.Delete(probe);
                    }

                    return true;
                }
                catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
                {
                    return false;
                }
            }
        }

        public void Set(string file, string value) => File.WriteAllText(Path.Combine(path, file), value);

        public void Dispose()
        {
            // Back to the root's group, unless it is gone.
            var root = Path.GetDirectoryName(path)!;
            foreach (var process in File.ReadAllLines(Path.Combine(path, "cgroup.procs")))
            {
                try
                {
                    File.WriteAllText(Path.Combine(root, "cgroup.procs"), process);
                }
                catch (IOException)
                {
                }
            }

            for (var attempt = 0; attempt < 50 && Directory.Exists(path); attempt++)
            {
                try
                {
                    Directory.Delete(path);
                }
                catch (IOException)
                {
                    Thread.Sleep(20);
                }
            }
        }
    }
}
