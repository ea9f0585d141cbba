using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Faults.Disk;

/// <summary>What a store that should hold a diary does not hold, or holds otherwise.</summary>
internal sealed record DiaryFindings(long Lost, IReadOnlyList<string> Wrong)
{
    public static readonly DiaryFindings None = new(0, []);
}

/// <summary>Reads everything there is in a store and compares it with the diary up to the store's head.</summary>
internal static class DiaryCheck
{
    // Of the older requests some are looked up, of the newest all.
    private const int Newest = 40;
    private const int Stride = 7;
    private static readonly CancellationToken Never = CancellationToken.None;

    /// <summary>Opens the directory as a start of the server would; a store that does not open is corrupt.</summary>
    /// <param name="isThorough">Looks at every page and record as well when upkeep is at rest.</param>
    public static async Task<DiaryFindings> OpenAsync(string directory, long acked, bool isThorough = true)
    {
        try
        {
            DiaryFindings findings;
            await using (var store = SqliteGrainStore.Open(Diary.Options(directory)))
            {
                findings = await RunAsync(store, acked);
            }

            if (!isThorough) return findings;
            await using var read = SqliteGrainStore.OpenReadOnly(Diary.Options(directory));
            return findings with { Wrong = [.. findings.Wrong, .. read.FindDamage()] };
        }
        catch (Exception fault) when (fault is StoreDamagedException or StoreBrokenException or IOException)
        {
            return new DiaryFindings(0, [$"does not open: {fault.Message}"]);
        }
    }

    public static async Task<DiaryFindings> RunAsync(SqliteGrainStore store, long acked)
    {
        var head = store.Head;
        var wrong = new List<string>();
        var grains = new Dictionary<GrainId, List<string>>();
        var records = await store.ReadAsync(0, int.MaxValue, Never);
        if (records.Count != head) wrong.Add($"{records.Count} records, head {head}");
        foreach (var record in records)
        {
            var commit = Diary.Nth(record.Position);
            var expected = Diary.Describe(commit.Partition, commit.RecordedAt, commit.Writes, commit.Ledger, commit.Reminders);
            var found = Diary.Describe(record.Partition, record.RecordedAt, record.Writes, record.Ledger, record.Reminders);
            if (expected != found) wrong.Add($"record {record.Position} is {found}, not {expected}");
            foreach (var write in commit.Writes)
            {
                if (!grains.TryGetValue(write.Grain, out var facts)) grains[write.Grain] = facts = [];
                facts.AddRange(write.Facts.Select(Diary.Read));
            }
        }

        wrong.AddRange(await GrainsAsync(store, grains));
        for (var position = 1L; position <= head; position += position < head - Newest ? Stride : 1)
        {
            var request = await store.FindAsync(Diary.Key(position), Never);
            if (request?.Position != position) wrong.Add($"request {position} is at {request?.Position}");
        }

        if (await store.FindAsync(Diary.Key(head + 1), Never) is not null) wrong.Add("a request that never was is found");
        var due = await store.DueRemindersAsync(Diary.DueUntil, int.MaxValue, Never);
        if (due.Count != Diary.Due(head)) wrong.Add($"{due.Count} reminders, not {Diary.Due(head)}");
        var pending = await store.PendingEffectsAsync(10, Never);
        if (pending.Count != Diary.Pending(head)) wrong.Add($"{pending.Count} effects on their way, not {Diary.Pending(head)}");
        return new DiaryFindings(Math.Max(0, acked - head), wrong);
    }

    private static async Task<List<string>> GrainsAsync(SqliteGrainStore store, Dictionary<GrainId, List<string>> grains)
    {
        var wrong = new List<string>();
        var asked = grains.Keys.ToArray();
        var loaded = await store.LoadAsync(asked, Never);
        for (var index = 0; index < asked.Length; index++)
        {
            var (grain, facts, found) = (asked[index], grains[asked[index]], loaded[index]);
            var isTail = found.Facts.Select(Diary.Read).SequenceEqual(facts.Skip((int)found.SnapshotVersion));
            var isState = found.SnapshotVersion == 0
                || found.Snapshot.Span.SequenceEqual(Diary.State(grain, found.SnapshotVersion).Span);
            if (found.Version != facts.Count || !isTail || !isState)
            {
                wrong.Add($"{grain} is at {found.Version} (snapshot {found.SnapshotVersion}), not {facts.Count}");
            }
        }

        return wrong;
    }
}
