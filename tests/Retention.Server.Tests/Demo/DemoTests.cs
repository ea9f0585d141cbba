using Retention.Server.Commands;
using Retention.Server.Demo;
using Retention.Server.Demo.Dataset;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;

namespace Retention.Server.Tests.Demo;

/// <summary>The demo against real server processes: what it reports is what plain loops come to.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("retention-test-").FullName;

    private static readonly CancellationToken Stop = CancellationToken.None;

    private string Data => Path.Combine(root, "data");

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Theory]
    [InlineData(1, """{"brands": ["harbor", "alder", "ember"], "as_of": "2025-12-31"}""")]
    [InlineData(2, """
        {"brands": ["ember", "harbor", "cedar"], "days_valid": 9, "max_open_per_customer": 3, "issuer_share_bps": 6667,
         "coupon_minor_units": 1250, "as_of": "2025-10-15"}
        """)]
    [InlineData(3, """
        {"brands": ["alder", "dune", "ember"], "return_every_nth_event": 3, "return_after_days": 25,
         "issuer_share_bps": 5000, "as_of": "2025-12-31"}
        """)]
    [InlineData(4, """
        {"brands": ["harbor", "brook", "dune"], "days_valid": 3, "max_issued_per_customer_month": 1,
         "return_every_nth_event": 2, "return_after_days": 6, "issuer_share_bps": 10000, "as_of": "2025-08-20"}
        """)]
    public async Task The_report_is_what_plain_loops_come_to(int seed, string scenario)
    {
        var (dataset, folder) = AlteredYear((ulong)seed);

        var report = await PlayAsync(dataset, scenario, crashes: false);

        var expected = NaiveScenario.Play(folder, scenario);
        Assert.Equal(expected.Pairs(), report.Pairs.Select(Naive));
        Assert.Equal(expected.ClawedBack, report.ClawedBack);
        Assert.Equal(0, report.Verify.Differences);
        Assert.True(report.IsSound);
        Assert.True(report.Consumed > 0);
    }

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_loses_and_doubles_nothing()
    {
        const string scenario = """
            {"brands": ["harbor", "alder", "ember"], "as_of": "2025-09-30", "dispute_every_nth_redemption": 2}
            """;
        var (dataset, folder) = AlteredYear(5);

        var report = await PlayAsync(dataset, scenario, crashes: true);

        Assert.Equal(NaiveScenario.Play(folder, scenario).Pairs(), report.Pairs.Select(Naive));
        Assert.Equal(report.Redemptions.Accepted, report.Redemptions.Repeated);
        Assert.Equal(0, report.Verify.Differences);
        Assert.Equal((0, true), (report.Statements.Differences, report.Statements.Periods >= 2 * 3 * 9));
        Assert.True(report.Crashes.Kills >= 4);
    }

    [FactWithPostgres]
    public async Task Two_nodes_on_PostgreSQL_that_are_killed_in_turn_lose_and_double_nothing()
    {
        const string scenario = """{"brands": ["harbor", "alder"], "as_of": "2025-03-15"}""";
        var (dataset, folder) = AlteredYear(6);
        var database = new PostgresOptions { ConnectionString = PostgresServer.Instance.CreateDatabase() };

        var report = await PlayAsync(dataset, scenario, new DemoHome(Data, database, Nodes: 2), crashes: true, []);

        Assert.Equal(NaiveScenario.Play(folder, scenario).Pairs(), report.Pairs.Select(Naive));
        Assert.Equal(report.Redemptions.Accepted, report.Redemptions.Repeated);
        Assert.Equal(0, report.Verify.Differences);
        Assert.True(report.Crashes.Kills >= 4);
    }

    [Fact]
    public async Task A_demo_that_is_run_again_on_its_own_data_changes_nothing()
    {
        const string scenario = """{"brands": ["harbor", "ember"], "as_of": "2025-04-30"}""";
        var dataset = GeneratedDataset.Create();

        var first = await PlayAsync(dataset, scenario, crashes: false, dataset.InvalidRedemptions);
        var second = await PlayAsync(dataset, scenario, crashes: false, dataset.InvalidRedemptions);

        Assert.Equal(first.Pairs, second.Pairs);
        Assert.Equal(first.Redemptions.Refused, second.Redemptions.Refused);
        Assert.Equal(first.Redemptions.Accepted, second.Redemptions.Accepted);
        Assert.Equal(first.Verify, second.Verify);
    }

    [Fact]
    public async Task A_directory_of_another_scenario_is_refused()
    {
        var dataset = GeneratedDataset.Create();
        await PlayAsync(dataset, """{"brands": ["harbor", "ember"], "as_of": "2025-01-10"}""", crashes: false);

        await Assert.ThrowsAsync<UsageFailure>(() =>
            PlayAsync(dataset, """{"brands": ["harbor", "ember"], "as_of": "2025-01-11"}""", crashes: false));
    }

    [Fact]
    public async Task Each_invalid_redemption_is_refused_with_its_reason()
    {
        var dataset = GeneratedDataset.Create();

        var report = await PlayAsync(
            dataset, """{"brands": ["harbor"], "as_of": "2025-01-02"}""", crashes: false, dataset.InvalidRedemptions);

        Assert.Equal(
            new Dictionary<string, int>
            {
                ["AFTER_END"] = 5, ["BEFORE_START"] = 5, ["COUPON_NOT_IN_CAMPAIGN"] = 5, ["NOT_TARGETED"] = 5,
            },
            report.Redemptions.Refused);
    }

    [SharedDataFact]
    public async Task The_real_year_comes_to_its_known_values_though_the_server_is_killed()
    {
        var dataset = CompleteJourney.Read(SharedFolder.File("completejourney"));
        var golden = File.ReadAllLines(SharedFolder.File("golden/completejourney_joint_J1.csv")).Skip(1);
        var invalid = CompleteJourney.ReadRedemptions(
            SharedFolder.File("golden/completejourney_invalid_redemptions.csv"));

        var report = await PlayAsync(dataset, "{}", crashes: true, invalid);

        Assert.Equal(golden, report.Pairs.Select(p =>
            $"{p.Issuer},{p.Redeemer},{p.Issued},{p.Consumed},{p.Expired},{p.Open}"));
        Assert.Equal((2102, 2102), (report.Redemptions.Accepted, report.Redemptions.Repeated));
        Assert.Equal(200, report.Redemptions.Refused.Values.Sum());
        Assert.True(report.IsSound);
    }

    // Every third redemption is gone, and the rows stand in another order.
    private (DemoDataset Dataset, string Folder) AlteredYear(ulong seed)
    {
        var year = GeneratedDataset.Create(seed + 100);
        var thinned = year with
        {
            Redemptions = [.. year.Redemptions.Where((_, index) => (index + (int)seed) % 3 != 0)],
        };
        var folder = Directory.CreateDirectory(Path.Combine(root, "year")).FullName;
        DatasetFolder.Write(thinned, folder, seed);
        return (CompleteJourney.Read(folder) with { Chain = year.Chain, Brands = year.Brands }, folder);
    }

    private Task<DemoReport> PlayAsync(
        DemoDataset dataset, string scenario, bool crashes, IReadOnlyList<DemoRedemption>? invalid = null) =>
        PlayAsync(dataset, scenario, new DemoHome(Data), crashes, invalid ?? []);

    private Task<DemoReport> PlayAsync(
        DemoDataset dataset, string scenario, DemoHome home, bool crashes, IReadOnlyList<DemoRedemption> invalid)
    {
        var plan = new DemoPlan(dataset, ScenarioFile.Parse(scenario, root, dataset), invalid);
        return new DemoRun(plan, home, crashes, ConsoleProgress.Silent).RunAsync(Stop);
    }

    private static NaivePair Naive(PairReport p) =>
        new(p.Issuer, p.Redeemer, (int)p.Issued, (int)p.Consumed, (int)p.Expired, (int)p.Open, (int)p.Voided,
            p.NetMinorUnits);
}
