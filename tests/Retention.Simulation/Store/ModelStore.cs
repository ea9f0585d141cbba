using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Simulation;

/// <summary>
/// The store contract in its plainest form: lists and dictionaries, no thread, clock or randomness. The real stores are
/// compared with it, and it is the store of simulated runs: what it holds is what survives a crash.
/// </summary>
public sealed class ModelStore(int factsPerSnapshot = 16)
{
    private readonly List<JournalRecord> journal = [];
    private readonly Dictionary<GrainId, ModelGrain> grains = [];
    private readonly Dictionary<LedgerKey, long> ledger = [];
    private readonly Dictionary<(GrainId Grain, string Name), Instant> reminders = [];
    private readonly ModelEffects effects = new();

    public long Head => journal.Count;

    /// <summary>
    /// Judges and applies the commits in their order. A commit may be doomed to a verdict other than Done by its index.
    /// </summary>
    public IReadOnlyList<CommitResult> Commit(IReadOnlyList<Commit> batch, Func<int, CommitVerdict>? doom = null)
    {
        HashSet<GrainId> failed = [];
        HashSet<GrainId> stale = [];
        var results = new CommitResult[batch.Count];
        for (var index = 0; index < results.Length; index++)
        {
            var commit = batch[index];
            stale.UnionWith(Stale(commit).Where(grain => !failed.Contains(grain)));
            var verdict = Touches(commit, failed) || !Holds(commit) ? CommitVerdict.Conflict : CommitVerdict.Done;
            if (verdict == CommitVerdict.Done && doom is not null)
            {
                verdict = doom(index);
            }

            var keysAreNew = verdict == CommitVerdict.Conflict && !TakesKnownKey(commit);
            results[index] = verdict == CommitVerdict.Conflict
                ? new CommitResult(verdict, 0, keysAreNew, stale)
                : new CommitResult(verdict, verdict == CommitVerdict.Done ? Apply(commit) : 0);
            if (verdict != CommitVerdict.Done)
            {
                failed.UnionWith(commit.Writes.Select(x => x.Grain));
            }
        }

        return results;
    }

    public GrainRecord Load(GrainId grain) => grains.TryGetValue(grain, out var found)
        ? new GrainRecord(found.SnapshotVersion, found.Snapshot, found.Facts[(int)found.SnapshotVersion..])
        : GrainRecord.None;

    /// <summary>Of a grain whose earlier version is known, only what has come since.</summary>
    public GrainRecord Load(KnownGrain known) =>
        grains.TryGetValue(known.Grain, out var found)
        && known.Version > found.SnapshotVersion && known.Version <= found.Facts.Count
            ? new GrainRecord(known.Version, default, found.Facts[(int)known.Version..])
            : Load(known.Grain);

    public bool MayHold(LedgerKey key) => ledger.ContainsKey(key);

    public JournalRecord? Find(LedgerKey key) =>
        ledger.TryGetValue(key, out var position) ? journal[(int)position - 1] : null;

    public IReadOnlyList<SentEffect> PendingEffects(int limit) => effects.Pending(limit);

    public long PendingEffectCount(PartitionId from) => effects.Count(from);

    public IReadOnlyList<Reminder> DueReminders(Instant until, int limit) =>
    [
        .. reminders.Where(x => x.Value <= until)
            .Select(x => new Reminder(x.Key.Grain, x.Key.Name, x.Value))
            .OrderBy(x => x.DueAt)
            .ThenBy(x => x.Grain.Partition.Value, StringComparer.Ordinal)
            .ThenBy(x => x.Grain.Kind, StringComparer.Ordinal)
            .ThenBy(x => x.Grain.Key, StringComparer.Ordinal)
            .ThenBy(x => x.Name, StringComparer.Ordinal)
            .Take(limit),
    ];

    public IReadOnlyList<GrainId> SnapshotsWanted(int limit) =>
    [
        .. grains.Values.Where(x => x.Facts.Count - x.SnapshotVersion >= factsPerSnapshot)
            .OrderBy(x => x.Positions[^1]).ThenBy(x => x.Grain.ToString(), StringComparer.Ordinal)
            .Take(limit).Select(x => x.Grain),
    ];

    public void SaveSnapshots(IReadOnlyList<Snapshot> snapshots)
    {
        foreach (var snapshot in snapshots)
        {
            if (grains.TryGetValue(snapshot.Grain, out var grain)
                && snapshot.Version <= grain.Facts.Count && snapshot.Version > grain.SnapshotVersion)
            {
                grain.SnapshotVersion = snapshot.Version;
                grain.Snapshot = snapshot.State;
            }
        }
    }

    public IReadOnlyList<JournalRecord> Read(long afterPosition, int limit) =>
        [.. journal.Skip((int)Math.Min(afterPosition, Head)).Take(limit)];

    public IReadOnlyList<JournalRecord> History(GrainId grain, long beforePosition, int limit) =>
        grains.TryGetValue(grain, out var found)
            ? [.. found.Positions.Where(x => x < beforePosition).Reverse().Take(limit).Select(x => journal[(int)x - 1])]
            : [];

    private static bool Touches(Commit commit, HashSet<GrainId> grains) =>
        commit.Writes.Any(x => grains.Contains(x.Grain)) || commit.Checks.Any(x => grains.Contains(x.Grain));

    private bool Holds(Commit commit) =>
        commit.Checks.All(x => VersionOf(x.Grain) == x.Version)
        && commit.Writes.All(x => VersionOf(x.Grain) == x.ExpectedVersion)
        && !TakesKnownKey(commit);

    private IEnumerable<GrainId> Stale(Commit commit) =>
        commit.Checks.Where(x => VersionOf(x.Grain) != x.Version).Select(x => x.Grain)
            .Concat(commit.Writes.Where(x => VersionOf(x.Grain) != x.ExpectedVersion).Select(x => x.Grain));

    private bool TakesKnownKey(Commit commit) => commit.Ledger?.Keys.Any(ledger.ContainsKey) ?? false;

    private long VersionOf(GrainId grain) => grains.TryGetValue(grain, out var found) ? found.Facts.Count : 0;

    private long Apply(Commit commit)
    {
        if (commit.Writes.Count == 0 && commit.Ledger is null && commit.Reminders.Count == 0)
        {
            return Head;
        }

        var position = Head + 1;
        journal.Add(new JournalRecord(
            position, commit.Partition, commit.RecordedAt, commit.Writes, commit.Ledger, commit.Reminders));
        foreach (var write in commit.Writes)
        {
            if (!grains.TryGetValue(write.Grain, out var grain))
            {
                grains.Add(write.Grain, grain = new ModelGrain(write.Grain));
            }

            grain.Facts.AddRange(write.Facts);
            grain.Positions.Add(position);
            effects.Note(write, position);
        }

        foreach (var key in commit.Ledger?.Keys ?? [])
        {
            ledger[key] = position;
        }

        foreach (var change in commit.Reminders)
        {
            reminders.Remove((change.Grain, change.Name));
            if (change.DueAt is { } dueAt)
            {
                reminders.Add((change.Grain, change.Name), dueAt);
            }
        }

        return position;
    }

    private sealed record ModelGrain(GrainId Grain)
    {
        public List<ReadOnlyMemory<byte>> Facts { get; } = [];

        public List<long> Positions { get; } = [];

        public long SnapshotVersion { get; set; }

        public ReadOnlyMemory<byte> Snapshot { get; set; }
    }
}
