using System.Diagnostics;
using Retention.Server.Commands;
using Retention.Server.Verify;
using Retention.Storage.Postgres;

namespace Retention.Server.Demo;

/// <summary>Where a demo keeps its data, and on how many nodes it runs.</summary>
/// <param name="DataFolder">The server's data directory, and the demo's own memory.</param>
/// <param name="Database">Null: SQLite in the directory, on one node.</param>
internal sealed record DemoHome(string DataFolder, PostgresOptions? Database = null, int Nodes = 1)
{
    public DemoServer NewServer() => new(DataFolder, Database, Nodes);

    public IVerifiedStore ToVerify() => Database is null ? new VerifiedDirectory(DataFolder) : new VerifiedDatabase(Database);
}

/// <summary>Plays a whole plan on a store and checks what is left in it.</summary>
internal sealed class DemoRun(DemoPlan plan, DemoHome home, bool crashes, ConsoleProgress progress)
{
    public async Task<DemoReport> RunAsync(CancellationToken stop)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var memory = DemoMemory.Open(home.DataFolder, Fingerprint());
        await using var server = home.NewServer();
        await server.StartAsync(stop);
        var crash = crashes
            ? CrashPlan.Across(server, plan.Dataset.Offers.Count, plan.Redemptions.Count)
            : CrashPlan.None(server);

        using var platform = server.Client(server.BootstrapKey());
        var world = await new WorldSetup(plan, platform, memory, crash, progress).RunAsync(stop);
        var tally = new DemoTally();
        await new YearPlay(plan, world, crash, progress).RunAsync(tally, stop);
        if (world.Second is not null) await new InvalidPlay(plan, world.Second, memory, progress).RunAsync(tally, stop);
        var pairs = await ReportReader.PairsAsync(plan, world, stop);

        var statements = await DemoStatements.CheckAsync(plan, world, stop);
        var exitCode = await server.StopAsync();
        if (exitCode != 0) throw new CommandFailure($"the server ended with exit code {exitCode}");
        var verified = await new Verification(
            home.ToVerify(), StoredKinds.All, StoredKinds.Laws(), progress.Show).RunAsync(stop);
        return new DemoReport(
            pairs.Sum(pair => pair.Issued),
            pairs.Sum(pair => pair.Consumed),
            pairs.Sum(pair => pair.Expired),
            pairs.Sum(pair => pair.Open),
            pairs.Sum(pair => pair.Voided),
            pairs.Sum(pair => pair.ClawedBack),
            pairs,
            ReportReader.Brands(pairs),
            new RedemptionReport(tally.Accepted, tally.Repeated, tally.Refused),
            new CrashReport(server.Crashes, (long)server.SlowestRestart.TotalMilliseconds),
            VerifyPart.Of(verified),
            statements,
            Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
    }

    // Two runs on one directory are the same demo only where all that is sent is the same.
    private string Fingerprint() => DemoMemory.FingerprintOf(
        plan.Scenario.Brands,
        $"{plan.Scenario with { Brands = [], InvalidRedemptionsPath = null }}",
        plan.Dataset.Campaigns.Select(campaign => $"{campaign with { Households = [] }}"),
        plan.Dataset.Campaigns.Select(campaign => string.Join(' ', campaign.Households)),
        plan.Dataset.Offers.Select(offer => $"{offer}"),
        plan.Redemptions.Select(redemption => $"{redemption}"),
        plan.Invalid.Select(redemption => $"{redemption}"),
        plan.Events.Select(happened => $"{happened}"));
}
