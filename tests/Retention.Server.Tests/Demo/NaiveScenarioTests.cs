namespace Retention.Server.Tests.Demo;

/// <summary>The naive recomputation is itself held against values that were computed with other tools.</summary>
public class NaiveScenarioTests
{
    private static readonly string Folder = SharedFolder.Path is null ? "" : SharedFolder.File("completejourney");

    [SharedDataFact]
    public void The_default_promotion_comes_to_the_known_values_per_pair()
    {
        var golden = File.ReadAllLines(SharedFolder.File("golden/completejourney_joint_J1.csv")).Skip(1);

        var played = NaiveScenario.Play(Folder).Pairs()
            .Select(p => $"{p.Issuer},{p.Redeemer},{p.Issued},{p.Consumed},{p.Expired},{p.Open}");

        Assert.Equal(golden, played);
    }

    [SharedDataFact]
    public void The_default_promotion_comes_to_the_known_totals()
    {
        var pairs = NaiveScenario.Play(Folder).Pairs();

        Assert.Equal(
            (2163, 58, 1855, 250, 0),
            (pairs.Sum(p => p.Issued), pairs.Sum(p => p.Consumed), pairs.Sum(p => p.Expired), pairs.Sum(p => p.Open),
                pairs.Sum(p => p.Voided)));
        Assert.Equal(0, pairs.Sum(p => p.NetMinorUnits));
    }

    [SharedDataFact]
    public void Returns_void_what_is_open_and_claw_back_what_was_used()
    {
        var played = NaiveScenario.Play(Folder, """{"return_every_nth_event": 2, "return_after_days": 20}""");

        Assert.True(played.Pairs().Sum(p => p.Voided) > 0);
        Assert.True(played.ClawedBack > 0);
        Assert.All(played.Pairs(), p => Assert.Equal(p.Issued, p.Consumed + p.Expired + p.Open + p.Voided));
    }
}
