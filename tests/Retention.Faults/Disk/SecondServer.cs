using System.Diagnostics;
using Retention.Faults.Calls;
using Retention.Faults.Matrix;
using Retention.Server.Demo;

namespace Retention.Faults.Disk;

/// <summary>D8: a second server on the same directory is refused at once, and the first goes on.</summary>
internal static class SecondServer
{
    private const int WrongUsage = 2;

    // The bar of a second is held to by FaultTests inside one process; here a process starts on a busy machine.
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var shop = await Shop.OpenAsync(platform, "first", customers: 4);
        await using var tills = Tills.Open(shop, () => server.Grpc, count: 4, customers: 4);
        var (wrong, slowest, cycles) = (new List<string>(), TimeSpan.Zero, sheet.Of(1, 10));
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            await tills.AnswersAsync(50);
            var idle = await TimeAsync("serve");
            var refused = await TimeAsync("serve", "--data", server.DataFolder, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0");
            if (refused.Exit != WrongUsage) wrong.Add($"the second server ended with {refused.Exit}: {refused.Said}");
            if (!refused.Said.Contains("in use", StringComparison.Ordinal)) wrong.Add($"it said: {refused.Said}");
            var took = refused.Took - idle.Took;
            slowest = took > slowest ? took : slowest;
        }

        if (slowest > AtMost) wrong.Add($"a refusal took {slowest.TotalSeconds:0.0} s");
        await tills.AnswersAsync(50);
        await tills.CloseAsync();
        var (lost, doubled, others) = await shop.SettleAsync(platform.As(shop.Key));
        sheet.Add(
            new Outcome(
                "D8 second server", cycles, shop.Told.Count, lost, doubled, wrong.Count + others.Count,
                $"(refused within {slowest.TotalMilliseconds:0} ms of a start without a directory)"),
            wrong.Concat(others));
    }

    private static async Task<(int Exit, string Said, TimeSpan Took)> TimeAsync(params string[] arguments)
    {
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "retention"), arguments)
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        })!;
        var said = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, said, Stopwatch.GetElapsedTime(began));
    }
}
