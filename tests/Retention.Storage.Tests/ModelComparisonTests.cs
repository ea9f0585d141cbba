using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>
/// The law: whatever is committed, saved, restarted, the SQLite store answers as the plain model does.
/// A failing seed is in the test's name; it repeats the same calls.
/// </summary>
public sealed class ModelComparisonTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly ModelStore model = new();
    private SqliteGrainStore store = null!;

    public static IEnumerable<object[]> Seeds =>
        from seed in Enumerable.Range(1, 10)
        from small in new[] { true, false }
        where !small || seed <= 4
        select new object[] { seed, small };

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await store.DisposeAsync();
        directory.Delete();
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task The_store_answers_as_the_model_does(int seed, bool small)
    {
        var generated = new GeneratedCommits(seed);
        var options = new SqliteOptions { Directory = directory.Path };
        options = small ? SqliteSmallLimitsTests.Small(options) : options;
        store = SqliteGrainStore.Open(options);
        for (var step = 0; step < 150; step++)
        {
            var batch = generated.Batch(model);
            Assert.Equal(model.Commit(batch), await store.Commit(batch));
            await (generated.Next(12) switch
            {
                0 => Restart(options),
                1 => new ModelComparison(model, store).All(),
                2 or 3 => SaveSnapshots(generated),
                _ => new ModelComparison(model, store).Grain(generated.Grain()),
            });
        }

        await Restart(options);
        await new ModelComparison(model, store).All();
    }

    private async Task Restart(SqliteOptions options)
    {
        await store.DisposeAsync();
        store = SqliteGrainStore.Open(options);
    }

    /// <summary>Snapshots at any version, also beyond the head. The state is the number of facts it folds.</summary>
    private Task SaveSnapshots(GeneratedCommits generated)
    {
        var snapshots = store.SnapshotsWanted(5).Append(generated.Grain())
            .Select(x => (Grain: x, Version: Math.Max(1, model.Load(x).Version + 1 - generated.Next(4))))
            .Select(x => new Snapshot(x.Grain, x.Version, Some.Bytes($"{x.Version}")));
        store.SaveSnapshots([.. snapshots]);
        return Task.CompletedTask;
    }
}
