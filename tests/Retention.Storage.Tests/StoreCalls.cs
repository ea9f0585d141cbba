using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Tests;

/// <summary>The store's calls in the short forms that tests read well with.</summary>
internal static class StoreCalls
{
    public static async Task<IReadOnlyList<CommitResult>> Commit(this IGrainStore store, params Commit[] batch) =>
        await store.CommitAsync(batch, Some.Deadline);

    public static async Task<CommitVerdict[]> Verdicts(this IGrainStore store, params Commit[] batch) =>
        [.. (await store.Commit(batch)).Select(x => x.Verdict)];

    public static async Task<GrainRecord> Load(this IGrainStore store, GrainId grain) =>
        (await store.LoadAsync([grain], Some.Deadline))[0];

    public static async Task<string> Facts(this IGrainStore store, GrainId grain) =>
        string.Join(" ", (await store.Load(grain)).Facts.Select(Some.Text));

    public static async Task<JournalRecord?> Find(this IGrainStore store, LedgerKey key) =>
        await store.FindAsync(key, Some.Deadline);

    public static async Task<IReadOnlyList<JournalRecord>> Journal(this IJournal journal) =>
        await journal.ReadAsync(0, int.MaxValue, Some.Deadline);

    public static async Task<string> Pending(this IGrainStore store) => string.Join(" ",
        (await store.PendingEffectsAsync(100, Some.Deadline)).Select(x => $"{x.From.OwnerId}>{x.To.OwnerId}:{x.Sequence}={Some.Text(x.Fact)}"));

    public static async Task<string> Due(this IGrainStore store, NodaTime.Instant until) => string.Join(" ",
        (await store.DueRemindersAsync(until, 100, Some.Deadline)).Select(x => $"{x.Grain.Key}:{x.Name}"));
}
