using Retention.Simulation.Runs;

namespace Retention.Simulation;

public sealed class SimulationTests
{
    public static TheoryData<PlantedBug> Bugs => [.. Gate.Bugs];

    [Fact]
    public void Nothing_is_lost_doubled_or_invented_whatever_fails()
    {
        var batch = new Batch();

        for (var seed = 1ul; seed <= 200; seed++)
        {
            Assert.Null(batch.Add(seed));
        }
    }

    [Fact]
    public void No_seed_that_ever_failed_fails_again()
    {
        var batch = new Batch();

        Assert.NotEmpty(Corpus.Read());
        Assert.All(Corpus.Read(), entry => Assert.Null(batch.Add(entry.Seed)));
    }

    [Theory]
    [MemberData(nameof(Bugs))]
    public void Every_planted_bug_is_found(PlantedBug bug) => Assert.NotNull(Gate.Find(bug, Gate.Seeds));

    [Fact]
    public void One_seed_is_one_run()
    {
        var first = Runner.Run(7);

        Assert.Equal(first.TraceHash, Runner.Run(7).TraceHash);
        Assert.NotEqual(first.TraceHash, Runner.Run(8).TraceHash);
    }
}
