using NodaTime;
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
        from seed in Enumerable.Range(1, 10) from small in new[] { true, false }
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
                1 => CompareAll(generated),
                2 or 3 => SaveSnapshots(generated),
                _ => Compare(generated.Grain()),
            });
        }

        await Restart(options);
        await CompareAll(generated);
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

    private async Task Compare(GrainId grain)
    {
        var (expected, actual) = (model.Load(grain), await store.Load(grain));
        Assert.Equal(expected.Version, actual.Version);
        Assert.Equal(expected.Facts.Skip((int)actual.SnapshotVersion).Select(Some.Text), actual.Facts.Select(Some.Text));
        if (actual.SnapshotVersion > 0)
        {
            Assert.Equal($"{actual.SnapshotVersion}", Some.Text(actual.Snapshot));
        }

        var (history, known) = (await store.HistoryAsync(grain, long.MaxValue, 7, Some.Deadline), model.History(grain, long.MaxValue, 7));
        Assert.Equal(known.Select(x => x.Position), history.Select(x => x.Position));
    }

    private async Task CompareAll(GeneratedCommits generated)
    {
        Assert.Equal(model.Head, store.Head);
        foreach (var grain in model.Read(0, int.MaxValue).SelectMany(x => x.Writes).Select(x => x.Grain).Distinct())
        {
            await Compare(grain);
        }

        await CompareKeys(generated);
        foreach (var partition in new[] { Some.Tenant, Some.Other })
        {
            Assert.Equal(model.PendingEffectCount(partition), store.PendingEffectCount(partition));
        }

        Assert.Equal(Show(model.PendingEffects(9)), Show(await store.PendingEffectsAsync(9, Some.Deadline)));
        Assert.Equal(Show(model.PendingEffects(900)), Show(await store.PendingEffectsAsync(900, Some.Deadline)));
        var moment = generated.Moment();
        Assert.Equal(model.DueReminders(moment, 20), await store.DueRemindersAsync(moment, 20, Some.Deadline));
        Assert.Equal(model.DueReminders(Instant.MaxValue, 999), await store.DueRemindersAsync(Instant.MaxValue, 999, Some.Deadline));
        Assert.Equal((await store.Journal()).Select(Show), model.Read(0, int.MaxValue).Select(Show));
    }

    private async Task CompareKeys(GeneratedCommits generated)
    {
        for (var count = 0; count < 40; count++)
        {
            var key = generated.Key();
            Assert.Equal(model.Find(key)?.Position, (await store.Find(key))?.Position);
            Assert.True(store.MayHold(key) || !model.MayHold(key));
        }
    }

    private static IEnumerable<string> Show(IReadOnlyList<SentEffect> effects) =>
        effects.Select(x => $"{x.From}>{x.To}:{x.Sequence}={Some.Text(x.Fact)}");

    private static string Show(JournalRecord record) =>
        $"{record.Position} {record.Partition} {record.RecordedAt} "
        + string.Join(",", record.Writes.Select(x => $"{x.Grain}@{x.ExpectedVersion}:{string.Join("+", x.Facts.Select(Some.Text))}"))
        + $" {string.Join(",", record.Ledger?.Keys ?? [])} {string.Join(",", record.Reminders)}";
}
