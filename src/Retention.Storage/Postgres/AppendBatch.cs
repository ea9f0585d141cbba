using System.Buffers.Binary;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Postgres;

/// <summary>
/// A batch as the arrays that the append function takes. Commits and touches are numbered from 1. Judged here already:
/// whether the batch is in order within itself, and which version the store must hold of each grain for that.
/// </summary>
internal sealed class AppendBatch(KnownVersions known)
{
    private readonly Dictionary<GrainId, int> grainIndex = [];
    private readonly Dictionary<UInt128, int> keyIndex = [];
    private readonly List<long> versions = [];
    private readonly HashSet<string> visible = [];
    private readonly JournalRow row = new();
    private Head[] noHeads = new Head[16];

    /// <summary>False: some commit of the batch cannot hold whatever the store holds, so that each must be judged.</summary>
    public bool IsInOrder { get; private set; }

    public int Stored { get; private set; }

    public List<string> Visible { get; } = [];

    public List<bool> Stores { get; } = [];

    public List<string> Partitions { get; } = [];

    public List<string?> Others { get; } = [];

    public List<byte[]> Records { get; } = [];

    public List<int> Slots { get; } = [];

    /// <summary>Commits stored up to each commit, if all hold.</summary>
    public List<int> StoredBefore { get; } = [];

    public List<Guid> Grains { get; } = [];

    public List<long> Asserted { get; } = [];

    /// <summary>Grains whose version only the store can tell.</summary>
    public List<Guid> Strange { get; } = [];

    public List<long> StrangeAsserted { get; } = [];

    public List<int> TouchEnd { get; } = [];

    public List<int> TouchGrain { get; } = [];

    public List<long> TouchVersion { get; } = [];

    public List<long> TouchNew { get; } = [];

    public List<int> WriteCommit { get; } = [];

    public List<Guid> WriteGrain { get; } = [];

    public List<long> WriteVersion { get; } = [];

    public List<Guid> Keys { get; } = [];

    public List<int> KeyEnd { get; } = [];

    public List<int> KeyIndex { get; } = [];

    public List<int> TakenCommit { get; } = [];

    public List<Guid> TakenKey { get; } = [];

    public ReminderRows Reminders { get; } = new();

    public EdgeRows Edges { get; } = new();

    public static Guid Uuid(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new Guid(bytes, bigEndian: true);
    }

    public static Guid Uuid(GrainId grain) => Uuid(GrainKey.Hash(grain));

    public void Fill(IReadOnlyList<Commit> commits)
    {
        Clear();
        foreach (var commit in commits)
        {
            Add(commit);
        }

        Visible.AddRange(visible);
        for (var index = 0; index < Grains.Count; index++)
        {
            if (known.Is(Grains[index], Asserted[index])) continue;
            Strange.Add(Grains[index]);
            StrangeAsserted.Add(Asserted[index]);
        }
    }

    /// <summary>The whole batch holds: what it saw and wrote is the newest from now on.</summary>
    public void Learn()
    {
        for (var index = 0; index < Grains.Count; index++)
        {
            known.Learn(Grains[index], versions[index]);
        }
    }

    /// <summary>Some of the batch does not hold: what it touched is looked up the next time.</summary>
    public void Forget()
    {
        foreach (var grain in Grains)
        {
            known.Forget(grain);
        }
    }

    /// <summary>The grains of the batch that have these numbers.</summary>
    public HashSet<GrainId> Named(int[] numbers) =>
        numbers.Length == 0 ? [] : [.. grainIndex.Where(grain => Array.BinarySearch(numbers, grain.Value) >= 0).Select(grain => grain.Key)];

    private void Add(Commit commit)
    {
        var stores = commit.Writes.Count > 0 || commit.Ledger is not null || commit.Reminders.Count > 0;
        Stored += stores ? 1 : 0;
        Stores.Add(stores);
        Slots.Add(stores ? Stored : 0);
        StoredBefore.Add(Stored);
        Partitions.Add(commit.Partition.Value);
        visible.Add(commit.Partition.Value);
        foreach (var check in commit.Checks)
        {
            Touch(check.Grain, check.Version, 0);
        }

        foreach (var write in commit.Writes)
        {
            Write(write);
        }

        TouchEnd.Add(TouchGrain.Count);
        foreach (var key in commit.Ledger?.Keys ?? [])
        {
            Take(key);
        }

        KeyEnd.Add(KeyIndex.Count);
        Others.Add(OthersOf(commit));
        Records.Add(stores ? Encode(commit) : []);
        foreach (var change in commit.Reminders)
        {
            visible.Add(change.Grain.Partition.Value);
            Reminders.Add(Stores.Count, change);
        }
    }

    private void Write(GrainWrite write)
    {
        visible.Add(write.Grain.Partition.Value);
        var index = Touch(write.Grain, write.ExpectedVersion, write.NewVersion);
        versions[index - 1] = write.NewVersion;
        WriteCommit.Add(Stores.Count);
        WriteGrain.Add(Grains[index - 1]);
        WriteVersion.Add(write.NewVersion);
        Edges.Note(Stores.Count, write);
    }

    private int Touch(GrainId grain, long version, long newVersion)
    {
        if (!grainIndex.TryGetValue(grain, out var index))
        {
            Grains.Add(Uuid(grain));
            Asserted.Add(version);
            versions.Add(version);
            grainIndex[grain] = index = Grains.Count;
        }

        IsInOrder &= versions[index - 1] == version;
        TouchGrain.Add(index);
        TouchVersion.Add(version);
        TouchNew.Add(newVersion);
        return index;
    }

    private void Take(LedgerKey key)
    {
        if (keyIndex.TryGetValue(key.Value, out var index))
        {
            // A commit that names a key twice takes it once.
            var start = KeyEnd.Count == 0 ? 0 : KeyEnd[^1];
            if (KeyIndex.LastIndexOf(index) >= start) return;
            IsInOrder = false;
        }
        else
        {
            Keys.Add(Uuid(key.Value));
            keyIndex[key.Value] = index = Keys.Count;
        }

        KeyIndex.Add(index);
        TakenCommit.Add(Stores.Count);
        TakenKey.Add(Keys[index - 1]);
    }

    // The position is not known yet: it is no part of the row, nor of its checksum.
    private byte[] Encode(Commit commit)
    {
        if (noHeads.Length < commit.Writes.Count) noHeads = new Head[commit.Writes.Count * 2];
        row.Encode(0, commit, noHeads);
        return row.Written.ToArray();
    }

    private static string? OthersOf(Commit commit)
    {
        foreach (var write in commit.Writes)
        {
            if (write.Grain.Partition != commit.Partition)
            {
                return string.Join('\n', commit.Writes.Select(x => x.Grain.Partition.Value).Distinct()
                    .Where(x => x != commit.Partition.Value));
            }
        }

        return null;
    }

    private void Clear()
    {
        grainIndex.Clear();
        keyIndex.Clear();
        versions.Clear();
        visible.Clear();
        IsInOrder = true;
        Stored = 0;
        Visible.Clear();
        Stores.Clear();
        Partitions.Clear();
        Others.Clear();
        Records.Clear();
        Slots.Clear();
        StoredBefore.Clear();
        Grains.Clear();
        Asserted.Clear();
        Strange.Clear();
        StrangeAsserted.Clear();
        TouchEnd.Clear();
        TouchGrain.Clear();
        TouchVersion.Clear();
        TouchNew.Clear();
        WriteCommit.Clear();
        WriteGrain.Clear();
        WriteVersion.Clear();
        Keys.Clear();
        KeyEnd.Clear();
        KeyIndex.Clear();
        TakenCommit.Clear();
        TakenKey.Clear();
        Reminders.Clear();
        Edges.Clear();
    }
}
