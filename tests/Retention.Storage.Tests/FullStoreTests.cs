using Retention.Engine.Ports;
using Retention.Simulation;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>A database that may not grow any more: commits are refused, nothing is lost, and it recovers with more room.</summary>
public sealed class FullStoreTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly ModelStore model = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        directory.Delete();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_full_store_refuses_commits_answers_reads_and_goes_on_when_there_is_room()
    {
        var generated = new GeneratedCommits(5);
        var full = 0;
        var options = SqliteSmallLimitsTests.Small(new SqliteOptions { Directory = directory.Path }) with { PagesMax = 60 };
        await using (var store = SqliteGrainStore.Open(options))
        {
            for (var step = 0; full < 20; step++)
            {
                Assert.True(step < 5000, "the store did not become full");
                var batch = generated.Batch(model);
                var verdicts = await store.Verdicts(batch);
                if (verdicts.Contains(CommitVerdict.Full))
                {
                    Assert.All(verdicts, x => Assert.Equal(CommitVerdict.Full, x));
                    full++;
                }
                else
                {
                    Assert.Equal(model.Commit(batch).Select(x => x.Verdict), verdicts);
                }
            }

            await new ModelComparison(model, store).All();
        }

        await using var roomy = SqliteGrainStore.Open(options with { PagesMax = 0 });
        await new ModelComparison(model, roomy).All();
        for (var step = 0; step < 30; step++)
        {
            var batch = generated.Batch(model);
            ModelComparison.Results(model.Commit(batch), await roomy.Commit(batch));
        }

        await new ModelComparison(model, roomy).All();
        Assert.Empty(roomy.FindDamage());
    }
}
