using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Simulation;

/// <summary>The model behind the real store's door, so that one conformance suite judges both.</summary>
public sealed class ModelGrainStore(ModelStore model) : IGrainStore
{
    private readonly Lock gate = new();
    private readonly List<(long Position, TaskCompletionSource Passed)> waiting = [];

    public long Head => Locked(() => model.Head);

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<Commit> batch, CancellationToken stop)
    {
        var results = Locked(() => model.Commit(batch));
        List<TaskCompletionSource> passed;
        lock (gate)
        {
            passed = [.. waiting.Where(x => x.Position < model.Head).Select(x => x.Passed)];
            waiting.RemoveAll(x => x.Position < model.Head);
        }

        passed.ForEach(x => x.TrySetResult());
        return ValueTask.FromResult(results);
    }

    public ValueTask<IReadOnlyList<GrainRecord>> LoadAsync(IReadOnlyList<GrainId> grains, CancellationToken stop) =>
        Answer<IReadOnlyList<GrainRecord>>(() => [.. grains.Select(model.Load)]);

    public ValueTask<IReadOnlyList<GrainRecord>> LoadAfterAsync(IReadOnlyList<KnownGrain> grains, CancellationToken stop) =>
        Answer<IReadOnlyList<GrainRecord>>(() => [.. grains.Select(model.Load)]);

    public bool MayHold(LedgerKey key) => Locked(() => model.MayHold(key));

    public ValueTask<JournalRecord?> FindAsync(LedgerKey key, CancellationToken stop) => Answer(() => model.Find(key));

    public ValueTask<IReadOnlyList<SentEffect>> PendingEffectsAsync(int limit, CancellationToken stop) =>
        Answer(() => model.PendingEffects(limit));

    public long PendingEffectCount(PartitionId from) => Locked(() => model.PendingEffectCount(from));

    public ValueTask<IReadOnlyList<Reminder>> DueRemindersAsync(Instant until, int limit, CancellationToken stop) =>
        Answer(() => model.DueReminders(until, limit));

    public IReadOnlyList<GrainId> SnapshotsWanted(int limit) => Locked(() => model.SnapshotsWanted(limit));

    public void SaveSnapshots(IReadOnlyList<Snapshot> snapshots)
    {
        lock (gate)
        {
            model.SaveSnapshots(snapshots);
        }
    }

    public ValueTask<IReadOnlyList<JournalRecord>> ReadAsync(long afterPosition, int limit, CancellationToken stop) =>
        Answer(() => model.Read(afterPosition, limit));

    public ValueTask<IReadOnlyList<JournalRecord>> HistoryAsync(
        GrainId grain, long beforePosition, int limit, CancellationToken stop) =>
        Answer(() => model.History(grain, beforePosition, limit));

    public Task WaitBeyondAsync(long position, CancellationToken stop)
    {
        lock (gate)
        {
            if (model.Head > position)
            {
                return Task.CompletedTask;
            }

            var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Add((position, passed));
            return passed.Task.WaitAsync(stop);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private T Locked<T>(Func<T> question)
    {
        lock (gate)
        {
            return question();
        }
    }

    private ValueTask<T> Answer<T>(Func<T> question) => ValueTask.FromResult(Locked(question));
}
