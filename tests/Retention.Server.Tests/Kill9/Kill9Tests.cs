using System.Globalization;
using Retention.Server.Commands;
using Retention.Server.Demo;
using Xunit.Abstractions;

namespace Retention.Server.Tests.Kill9;

/// <summary>
/// A server that dies at random moments under 64 tills keeps what it acknowledged, once. RETENTION_KILL9_CYCLES says
/// how often it dies; 3 times by default.
/// </summary>
public sealed class Kill9Tests(ITestOutputHelper output) : IDisposable
{
    private const int AnswersBetweenKills = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly string folder = Directory.CreateTempSubdirectory("retention-kill9-").FullName;

    private static int Cycles =>
        int.TryParse(Environment.GetEnvironmentVariable("RETENTION_KILL9_CYCLES"), out var cycles) ? cycles : 3;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task What_was_acknowledged_is_there_exactly_once_after_every_kill()
    {
        await using var server = new DemoServer(folder);
        await server.StartAsync(CancellationToken.None);
        using var shop = new KilledShop(server);
        await shop.OpenAsync();
        using var close = new CancellationTokenSource();
        var tills = Enumerable.Range(0, KilledShop.Tills).Select(till => shop.WorkAsync(till, close.Token)).ToArray();

        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            await AnswersAsync(shop, tills);
            await server.CrashAsync(CancellationToken.None);
        }

        await AnswersAsync(shop, tills);
        await close.CancelAsync();
        await Task.WhenAll(tills);
        var lost = await shop.CountLostAsync();
        var doubled = await shop.CountWrongBalancesAsync();
        var others = await shop.CountOtherRepliesAsync();
        var doubledByRepeats = await shop.CountWrongBalancesAsync();
        await server.StopAsync();
        var verified = await VerifyCommand.VerifyAsync(folder, ConsoleProgress.Silent, CancellationToken.None);

        var figures = string.Create(CultureInfo.InvariantCulture,
            $"kill9 cycles={server.Crashes} acked={shop.Acknowledged.Count} lost={lost}"
            + $" double={doubled + doubledByRepeats} violations={others + verified.Differences}"
            + $" slowest_restart_ms={server.SlowestRestart.TotalMilliseconds:0}");
        output.WriteLine(figures);
        Console.WriteLine(figures);
        Assert.Equal(Cycles, server.Crashes);
        Assert.Equal((0, 0, 0, 0, 0L), (lost, doubled, others, doubledByRepeats, verified.Differences));
    }

    // A kill between two answers is one at a random moment of the calls in flight.
    private static async Task AnswersAsync(KilledShop shop, Task[] tills)
    {
        var enough = shop.Acknowledged.Count + AnswersBetweenKills + Random.Shared.Next(4 * AnswersBetweenKills);
        var deadline = DateTime.UtcNow + Patience;
        while (shop.Acknowledged.Count < enough)
        {
            Assert.All(tills, till => Assert.False(till.IsFaulted, $"{till.Exception}"));
            Assert.True(DateTime.UtcNow < deadline, $"Only {shop.Acknowledged.Count} of {enough} answers came in time.");
            await Task.Delay(10);
        }
    }
}
