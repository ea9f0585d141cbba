using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// The store's memory of heads and keys: everything behind the index's watermark, and a bounded number of heads that
/// the index knows too. Lookups go from new to old: growing generation, frozen generation, clean heads, index.
/// </summary>
internal sealed class Tail(SqliteOptions options)
{
    private const int EntriesPerHold = 32;
    private readonly Lock gate = new();
    private Generation growing = new();
    private Generation? frozen;
    private Generation? spare;
    private Dictionary<GrainId, Head> loaded = [];
    private Dictionary<GrainId, Head> settled = [];
    private StoreIndex index = StoreIndex.Empty;
    private long retirements;

    /// <summary>The index that together with the generations covers the whole journal.</summary>
    public StoreIndex Index
    {
        get
        {
            lock (gate)
            {
                return index;
            }
        }
    }

    public Generation? Frozen
    {
        get
        {
            lock (gate)
            {
                return frozen;
            }
        }
    }

    public int Commits
    {
        get
        {
            lock (gate)
            {
                return growing.Commits + (frozen?.Commits ?? 0);
            }
        }
    }

    /// <summary>True when commits come faster than the index takes them up.</summary>
    public bool IsOverfull
    {
        get
        {
            lock (gate)
            {
                return frozen is not null
                    && (growing.Commits + frozen.Commits > options.TailCommits
                        || growing.Bytes + frozen.Bytes > options.TailBytes);
            }
        }
    }

    public void Restore(StoreIndex stored) => index = stored;

    /// <summary>The head if it is in memory; else the index to ask, and a mark for <see cref="Keep"/>.</summary>
    public bool TryHead(GrainId grain, out Head head, out StoreIndex stored, out long mark)
    {
        lock (gate)
        {
            stored = index;
            mark = retirements;
            return TryHead(grain, out head);
        }
    }

    /// <summary>The key's position if it is in memory; else the index to ask.</summary>
    public bool TryKey(UInt128 key, out long position, out StoreIndex stored)
    {
        lock (gate)
        {
            stored = index;
            return growing.Keys.TryGetValue(key, out position)
                || (frozen is not null && frozen.Keys.TryGetValue(key, out position));
        }
    }

    /// <summary>Remembers a head read from the index, unless a newer one may have passed since the mark was taken.</summary>
    public void Keep(GrainId grain, Head head, long mark)
    {
        lock (gate)
        {
            if (mark != retirements || TryHead(grain, out _))
            {
                return;
            }

            if (loaded.Count >= options.CleanHeads)
            {
                loaded = [];
            }

            loaded.Add(grain, head);
        }
    }

    /// <summary>
    /// Takes up what has become durable, some at a time, so that a shard that asks for a key meanwhile never waits for
    /// a whole batch.
    /// </summary>
    public void Publish(Batch batch)
    {
        using var heads = batch.Heads.GetEnumerator();
        for (var isMore = true; isMore;)
        {
            lock (gate)
            {
                for (var count = 0; count < EntriesPerHold && (isMore = heads.MoveNext()); count++)
                {
                    var (grain, head) = heads.Current;
                    growing.Heads[grain] = head;
                    loaded.Remove(grain);
                    NoteEdge(grain);
                }
            }
        }

        using var keys = batch.Keys.GetEnumerator();
        for (var isMore = true; isMore;)
        {
            lock (gate)
            {
                for (var count = 0; count < EntriesPerHold && (isMore = keys.MoveNext()); count++)
                {
                    growing.Keys[keys.Current.Key] = keys.Current.Value;
                }
            }
        }

        lock (gate)
        {
            foreach (var commit in batch.Stored)
            {
                for (var index = 0; index < commit.Reminders.Count; index++)
                {
                    var change = commit.Reminders[index];
                    growing.Reminders[(change.Grain, change.Name)] = change.DueAt;
                }
            }

            growing.Through = batch.Position;
            growing.Commits += batch.Stored.Count;
            growing.Bytes += batch.Bytes;
        }
    }

    /// <summary>Takes up one commit of the tail at a start.</summary>
    public void Replay(Dictionary<GrainId, Head> heads, List<UInt128> keys, List<ReminderChange> reminders,
        long position, long bytes)
    {
        foreach (var (grain, head) in heads)
        {
            growing.Heads[grain] = head;
            NoteEdge(grain);
        }

        foreach (var key in keys)
        {
            growing.Keys[key] = position;
        }

        foreach (var change in reminders)
        {
            growing.Reminders[(change.Grain, change.Name)] = change.DueAt;
        }

        growing.Through = position;
        growing.Commits++;
        growing.Bytes += bytes;
    }

    /// <summary>Notes the newest known snapshot of a grain, so that it is not asked for again.</summary>
    public void NoteSnapshot(GrainId grain, long version)
    {
        lock (gate)
        {
            foreach (var heads in (ReadOnlySpan<Dictionary<GrainId, Head>?>)[growing.Heads, loaded])
            {
                if (heads!.TryGetValue(grain, out var head) && head.SnapshotVersion < version)
                {
                    heads[grain] = head with { SnapshotVersion = version };
                }
            }
        }
    }

    /// <summary>Closes the growing generation when it is large, or not empty and <paramref name="whateverSize"/>.</summary>
    public bool Freeze(bool whateverSize)
    {
        lock (gate)
        {
            var large = growing.Commits * 2 >= options.TailCommits || growing.Bytes * 2 >= options.TailBytes;
            if (frozen is not null || growing.IsEmpty || !(large || whateverSize))
            {
                return false;
            }

            (frozen, growing, spare) = (growing, spare ?? new Generation(), null);
            return true;
        }
    }

    /// <summary>The index has taken up the frozen generation, or merged runs; its heads stay in memory for a while.</summary>
    public void Replace(StoreIndex stored, bool retire)
    {
        Generation? retired = null;
        lock (gate)
        {
            index = stored;
            if (retire)
            {
                retired = frozen!.Retire(settled);
                settled = frozen.Heads;
                frozen = null;
                retirements++;
            }
        }

        if (retired is not null)
        {
            // Outside the gate, because there may be much to clear.
            retired.Clear();
            lock (gate)
            {
                spare = retired;
            }
        }
    }

    private bool TryHead(GrainId grain, out Head head) =>
        growing.Heads.TryGetValue(grain, out head)
        || (frozen is not null && frozen.Heads.TryGetValue(grain, out head))
        || loaded.TryGetValue(grain, out head)
        || settled.TryGetValue(grain, out head);

    private void NoteEdge(GrainId grain)
    {
        if (grain.Kind == GrainId.OutboxKind)
        {
            growing.Edges.Add(new Edge(grain.Partition, new PartitionId(grain.Key)));
        }
        else if (grain.Kind == GrainId.InboxKind)
        {
            growing.Edges.Add(new Edge(new PartitionId(grain.Key), grain.Partition));
        }
    }
}
