using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Runs;

namespace Retention.Simulation.Store;

/// <summary>The model store as the simulated nodes see it: it can be full, and it can be told to break its contract.</summary>
public sealed class SimStore(PlantedBug bug, Action<JournalRecord> committed)
{
    private readonly ModelStore model = new(factsPerSnapshot: 8);
    private readonly List<GrainId> grains = [];
    private readonly HashSet<GrainId> known = [];
    private readonly HashSet<SentEffect> forgotten = [];

    public long Head => model.Head;

    public bool IsFull { get; set; }

    public int PendingCount => PendingEffects(int.MaxValue).Count;

    /// <summary>Every grain written, in the order of the first writes.</summary>
    public IReadOnlyList<GrainId> Grains => grains;

    /// <summary>Judges a batch; <paramref name="refuse"/> names commits that are in conflict whatever their versions.</summary>
    public IReadOnlyList<CommitResult> Commit(IReadOnlyList<Commit> batch, Func<int, bool> refuse)
    {
        var before = model.Head;
        var results = bug switch
        {
            PlantedBug.NoVersionCheck or PlantedBug.CascadeMissing => [.. batch.Select((commit, index) =>
                model.Commit([Bend(commit)], _ => Doom(commit, refuse(index)))[0])],
            _ => model.Commit(batch, index => Doom(batch[index], refuse(index))),
        };
        foreach (var record in model.Read(before, int.MaxValue))
        {
            grains.AddRange(record.Writes.Select(write => write.Grain).Where(known.Add));
            committed(record);
        }

        return results;
    }

    public GrainRecord Load(GrainId grain) => model.Load(grain);

    /// <summary>What has come since the known version; a record that does not begin there is a whole one.</summary>
    public GrainRecord Load(KnownGrain known)
    {
        var record = model.Load(known);
        return bug == PlantedBug.TailIsNotWhatCameSince && record.SnapshotVersion == known.Version && known.Version > 0
            ? record with { Facts = [.. record.Facts.Select(_ => record.Facts[^1])] }
            : record;
    }

    public IReadOnlyList<JournalRecord> Read(long after, int limit) => model.Read(after, limit);

    public long VersionOf(GrainId grain) => model.Load(grain).Version;

    public JournalRecord? Find(LedgerKey key) => model.Find(key);

    /// <summary>What the upkeep of a node delivers again.</summary>
    public IReadOnlyList<SentEffect> Sweep(int limit)
    {
        var found = PendingEffects(limit);
        if (bug == PlantedBug.OutboxDeletedFirst)
        {
            forgotten.UnionWith(found);
        }

        return found;
    }

    public IReadOnlyList<Reminder> DueReminders(Instant until, int limit) => model.DueReminders(until, limit);

    public IReadOnlyList<GrainId> SnapshotsWanted(int limit) => model.SnapshotsWanted(limit);

    public void Save(Snapshot snapshot) => model.SaveSnapshots([snapshot]);

    private List<SentEffect> PendingEffects(int limit) =>
        [.. model.PendingEffects(limit).Where(effect => !forgotten.Contains(effect))];

    private CommitVerdict Doom(Commit commit, bool refused)
    {
        if (refused)
        {
            return CommitVerdict.Conflict;
        }

        var stores = commit.Writes.Count > 0 || commit.Ledger is not null || commit.Reminders.Count > 0;
        return IsFull && stores ? CommitVerdict.Full : CommitVerdict.Done;
    }

    private Commit Bend(Commit commit) => bug == PlantedBug.CascadeMissing ? commit : commit with
    {
        Writes = [.. commit.Writes.Select(write => write with { ExpectedVersion = VersionOf(write.Grain) })],
        Checks = [],
    };
}
