using System.Runtime.InteropServices;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>Grains that want a snapshot, oldest wish first, and the snapshots that wait to be written, newest per grain.</summary>
internal sealed class SnapshotQueue(SqliteOptions options)
{
    private readonly Lock gate = new();
    private readonly Dictionary<GrainId, Head> wishes = [];
    private readonly Queue<GrainId> order = [];
    private readonly Dictionary<GrainId, Snapshot> waiting = [];

    public int Waiting
    {
        get
        {
            lock (gate)
            {
                return waiting.Count;
            }
        }
    }

    public int Wishes
    {
        get
        {
            lock (gate)
            {
                return wishes.Count;
            }
        }
    }

    /// <summary>Notes where a grain stands; beyond the limit of facts it wants a snapshot.</summary>
    public void Note(GrainId grain, Head head)
    {
        if (head.FactsBehindSnapshot < options.FactsPerSnapshot)
        {
            return;
        }

        lock (gate)
        {
            if (wishes.Count >= options.SnapshotsWaiting && !wishes.ContainsKey(grain))
            {
                return;
            }

            ref var wish = ref CollectionsMarshal.GetValueRefOrAddDefault(wishes, grain, out var known);
            wish = head;
            if (!known)
            {
                order.Enqueue(grain);
            }
        }
    }

    /// <summary>The oldest wishes. They go to the end of the queue, and leave it when they are met.</summary>
    public IReadOnlyList<GrainId> Wanted(int limit)
    {
        lock (gate)
        {
            var wanted = new List<GrainId>();
            for (var left = order.Count; left > 0 && wanted.Count < limit; left--)
            {
                var grain = order.Dequeue();
                if (wishes.ContainsKey(grain))
                {
                    wanted.Add(grain);
                    order.Enqueue(grain);
                }
            }

            return wanted;
        }
    }

    public void Offer(IReadOnlyList<Snapshot> snapshots)
    {
        lock (gate)
        {
            foreach (var snapshot in snapshots)
            {
                var known = waiting.TryGetValue(snapshot.Grain, out var earlier);
                if (known ? earlier!.Version < snapshot.Version : waiting.Count < options.SnapshotsWaiting)
                {
                    waiting[snapshot.Grain] = snapshot;
                }
            }
        }
    }

    /// <summary>Takes all that wait, in the order of their table.</summary>
    public List<Snapshot> Take()
    {
        List<Snapshot> taken;
        lock (gate)
        {
            taken = [.. waiting.Values];
            waiting.Clear();
        }

        taken.Sort(static (x, y) => Order(x.Grain, y.Grain));
        return taken;
    }

    /// <summary>A snapshot became durable: the wish is met if few enough facts stand behind it.</summary>
    public void Met(GrainId grain, long version)
    {
        lock (gate)
        {
            if (wishes.TryGetValue(grain, out var head) && head.Version - version < options.FactsPerSnapshot)
            {
                wishes.Remove(grain);
            }
        }
    }

    private static int Order(GrainId x, GrainId y)
    {
        var order = string.CompareOrdinal(x.Partition.Value, y.Partition.Value);
        order = order != 0 ? order : string.CompareOrdinal(x.Kind, y.Kind);
        return order != 0 ? order : string.CompareOrdinal(x.Key, y.Key);
    }
}
