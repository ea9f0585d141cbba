using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation;

namespace Retention.Storage.Tests;

/// <summary>Asks a store and the model the same questions.</summary>
internal sealed class ModelComparison(ModelStore model, IGrainStore store)
{
    /// <summary>A store need not tell which grains were stale; one that does tells the truth.</summary>
    public static void Results(IReadOnlyList<CommitResult> expected, IReadOnlyList<CommitResult> actual)
    {
        Assert.Equal(expected.Select(result => result with { Stale = null }), actual.Select(result => result with { Stale = null }));
        foreach (var (model, store) in expected.Zip(actual))
        {
            if (store.Stale is { } stale) Assert.True(stale.SetEquals(model.Stale!), string.Join(' ', stale));
        }
    }

    public async Task Grain(GrainId grain)
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

    public async Task All()
    {
        Assert.Equal(model.Head, store.Head);
        foreach (var grain in model.Read(0, int.MaxValue).SelectMany(x => x.Writes).Select(x => x.Grain).Distinct())
        {
            await Grain(grain);
        }

        await Keys();
        foreach (var partition in new[] { Some.Tenant, Some.Other })
        {
            Assert.Equal(model.PendingEffectCount(partition), store.PendingEffectCount(partition));
        }

        Assert.Equal(Show(model.PendingEffects(9)), Show(await store.PendingEffectsAsync(9, Some.Deadline)));
        Assert.Equal(Show(model.PendingEffects(900)), Show(await store.PendingEffectsAsync(900, Some.Deadline)));
        var moment = Some.Noon + Duration.FromMinutes(20);
        Assert.Equal(model.DueReminders(moment, 20), await store.DueRemindersAsync(moment, 20, Some.Deadline));
        Assert.Equal(model.DueReminders(Instant.MaxValue, 999), await store.DueRemindersAsync(Instant.MaxValue, 999, Some.Deadline));
        Assert.Equal((await store.Journal()).Select(Show), model.Read(0, int.MaxValue).Select(Show));
    }

    private async Task Keys()
    {
        foreach (var key in model.Read(0, int.MaxValue).SelectMany(x => x.Ledger?.Keys ?? []))
        {
            Assert.True(store.MayHold(key));
            Assert.Equal(model.Find(key)!.Position, (await store.Find(key))?.Position);
        }

        for (var number = 0; number < 50; number++)
        {
            Assert.Null(await store.Find(Some.Key($"never {number}")));
        }
    }

    private static IEnumerable<string> Show(IReadOnlyList<SentEffect> effects) =>
        effects.Select(x => $"{x.From}>{x.To}:{x.Sequence}={Some.Text(x.Fact)}");

    private static string Show(JournalRecord record) =>
        $"{record.Position} {record.Partition} {record.RecordedAt} "
        + string.Join(",", record.Writes.Select(x => $"{x.Grain}@{x.ExpectedVersion}:{string.Join("+", x.Facts.Select(Some.Text))}"))
        + $" {string.Join(",", record.Ledger?.Keys ?? [])} {string.Join(",", record.Reminders)}";
}
