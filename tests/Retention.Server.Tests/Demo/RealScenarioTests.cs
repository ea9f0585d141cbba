using Retention.Server.Commands;
using Retention.Server.Demo;
using Retention.Server.Demo.Dataset;

namespace Retention.Server.Tests.Demo;

/// <summary>
/// Scenario files over the real year: what a server with real processes and clocks comes to is what plain loops over
/// the folder come to. The chain's own campaigns are left out; they have no part in the joint promotion.
/// </summary>
public sealed class RealScenarioTests : IDisposable
{
    private static readonly Lazy<DemoDataset> Year = new(() => CompleteJourney.Read(SharedFolder.File("completejourney")));
    private readonly string root = Directory.CreateTempSubdirectory("retention-test-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [SharedDataTheory]
    [InlineData("""
        {"max_issued_per_customer_month": 1, "days_valid": 3, "return_every_nth_event": 4, "return_after_days": 10,
         "issuer_share_bps": 0}
        """)]
    [InlineData("""
        {"brands": ["1046", "764", "317", "955", "194", "69"], "max_open_per_customer": 3, "coupon_minor_units": 333,
         "issuer_share_bps": 10000, "max_issued_per_customer_month": 2}
        """)]
    [InlineData("""
        {"brands": ["955", "194"], "days_valid": 60, "max_open_per_customer": 2, "return_every_nth_event": 2,
         "return_after_days": 0, "issuer_share_bps": 5001}
        """)]
    [InlineData("""
        {"as_of": "2017-03-15", "days_valid": 14, "return_every_nth_event": 3, "return_after_days": 1}
        """)]
    [InlineData("""
        {"as_of": "2017-10-01", "return_every_nth_event": 1, "return_after_days": 45, "coupon_minor_units": 1,
         "days_valid": 0, "max_open_per_customer": 2}
        """)]
    [InlineData("""
        {"as_of": "2017-06-30", "return_every_nth_event": 3, "max_issued_per_customer_month": 2, "issuer_share_bps": 6667,
         "dispute_every_nth_redemption": 2}
        """)]
    [InlineData("""{"brands": ["194", "69", "708", "69001"], "return_every_nth_event": 5, "return_after_days": 364}""")]
    public async Task A_scenario_over_the_real_year_comes_to_what_plain_loops_come_to(string scenario)
    {
        var parsed = ScenarioFile.Parse(scenario, root, Year.Value);
        var plan = new DemoPlan(OfBrands(parsed.Brands), parsed, []);

        var report = await new DemoRun(plan, new DemoHome(Path.Combine(root, "data")), crashes: false, ConsoleProgress.Silent)
            .RunAsync(CancellationToken.None);

        var expected = NaiveScenario.Play(SharedFolder.File("completejourney"), scenario);
        Assert.Equal(expected.Pairs(), report.Pairs.Select(pair => new NaivePair(
            pair.Issuer, pair.Redeemer, (int)pair.Issued, (int)pair.Consumed, (int)pair.Expired, (int)pair.Open,
            (int)pair.Voided, pair.NetMinorUnits)));
        Assert.Equal(expected.ClawedBack, report.ClawedBack);
        Assert.True(report.IsSound);
        Assert.True(report.Statements.Periods > 0);
        Assert.True(report.Issued > 0);
    }

    private static DemoDataset OfBrands(IReadOnlyList<string> brands) => Year.Value with
    {
        Campaigns = [],
        Offers = [],
        Redemptions =
        [
            .. Year.Value.Redemptions.Where(row => brands.Contains(Year.Value.BrandOfCoupon.GetValueOrDefault(row.Upc))),
        ],
    };
}
