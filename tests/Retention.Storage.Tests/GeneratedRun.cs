using Retention.Engine.Ports;
using Retention.Simulation;

namespace Retention.Storage.Tests;

/// <summary>Lives one generated life of a store beside the plain model: commits, snapshots, restarts.</summary>
internal sealed class GeneratedRun(Func<IGrainStore> open, int seed) : IAsyncDisposable
{
    private readonly ModelStore model = new();
    private readonly GeneratedCommits generated = new(seed);
    private IGrainStore store = open();

    public async Task Play(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            var batch = generated.Batch(model);
            ModelComparison.Results(model.Commit(batch), await store.Commit(batch));
            await (generated.Next(12) switch
            {
                0 => Restart(),
                1 => new ModelComparison(model, store).All(),
                2 or 3 => SaveSnapshots(),
                _ => new ModelComparison(model, store).Grain(generated.Grain()),
            });
        }

        await Restart();
        await new ModelComparison(model, store).All();
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async Task Restart()
    {
        await store.DisposeAsync();
        store = open();
    }

    /// <summary>Snapshots at any version, also beyond the head. The state is the number of facts it folds.</summary>
    private Task SaveSnapshots()
    {
        var snapshots = store.SnapshotsWanted(5).Append(generated.Grain())
            .Select(x => (Grain: x, Version: Math.Max(1, model.Load(x).Version + 1 - generated.Next(4))))
            .Select(x => new Snapshot(x.Grain, x.Version, Some.Bytes($"{x.Version}")));
        store.SaveSnapshots([.. snapshots]);
        return Task.CompletedTask;
    }
}
