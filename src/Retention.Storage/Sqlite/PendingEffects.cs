using System.Runtime.InteropServices;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>The way from one partition to another.</summary>
internal readonly record struct Edge(PartitionId From, PartitionId To);

/// <summary>Where a sent effect stands in the journal.</summary>
internal readonly record struct SentAt(long Sequence, long Position);

/// <summary>
/// The effects that were sent and not yet received, per edge. To note the same send or receipt again changes nothing,
/// so that a part of the journal may be replayed over a state that already holds it.
/// </summary>
internal sealed class PendingEffects
{
    private readonly Lock gate = new();
    private readonly Dictionary<Edge, Lane> lanes = [];
    private readonly Dictionary<PartitionId, long> counts = [];

    public void Note(GrainId grain, long before, long after, long position)
    {
        if (grain.Kind == GrainId.OutboxKind)
        {
            lock (gate)
            {
                var edge = new Edge(grain.Partition, new PartitionId(grain.Key));
                for (var sequence = before + 1; sequence <= after; sequence++)
                {
                    Send(edge, new SentAt(sequence, position));
                }
            }
        }
        else if (grain.Kind == GrainId.InboxKind)
        {
            lock (gate)
            {
                Receive(new Edge(new PartitionId(grain.Key), grain.Partition), after);
            }
        }
    }

    public void Restore(Edge edge, long received, IReadOnlyList<SentAt> sent)
    {
        lock (gate)
        {
            foreach (var effect in sent)
            {
                Send(edge, effect);
            }

            Receive(edge, received);
        }
    }

    public long Count(PartitionId from)
    {
        lock (gate)
        {
            return counts.GetValueOrDefault(from);
        }
    }

    /// <summary>In order per edge; the edges take turns, so that one long queue does not hide the others.</summary>
    public List<(Edge Edge, SentAt Sent)> First(int limit)
    {
        var found = new List<(int Turn, Edge Edge, SentAt Sent)>();
        lock (gate)
        {
            foreach (var (edge, lane) in lanes)
            {
                var taken = lane.Pending.Take(limit).Select((sent, turn) => (turn, edge, sent));
                found.AddRange(taken);
            }
        }

        return [.. found.OrderBy(x => x.Turn).ThenBy(x => x.Sent.Position)
            .ThenBy(x => x.Edge.From.Value, StringComparer.Ordinal).ThenBy(x => x.Edge.To.Value, StringComparer.Ordinal)
            .Take(limit).Select(x => (x.Edge, x.Sent))];
    }

    /// <summary>What the edge received, and what was sent on it after the position and is still pending.</summary>
    public (long Received, List<SentAt> Sent) Since(Edge edge, long position)
    {
        lock (gate)
        {
            return lanes.TryGetValue(edge, out var lane)
                ? (lane.Received, lane.Pending.Where(x => x.Position > position).ToList())
                : (0, []);
        }
    }

    private void Send(Edge edge, SentAt effect)
    {
        var lane = LaneOf(edge);
        if (effect.Sequence <= Math.Max(lane.Received, lane.Sent))
        {
            return;
        }

        lane.Sent = effect.Sequence;
        lane.Pending.Enqueue(effect);
        Add(edge.From, 1);
    }

    private void Receive(Edge edge, long received)
    {
        var lane = LaneOf(edge);
        lane.Received = Math.Max(lane.Received, received);
        while (lane.Pending.TryPeek(out var first) && first.Sequence <= lane.Received)
        {
            lane.Pending.Dequeue();
            Add(edge.From, -1);
        }
    }

    private Lane LaneOf(Edge edge)
    {
        ref var lane = ref CollectionsMarshal.GetValueRefOrAddDefault(lanes, edge, out _);
        return lane ??= new Lane();
    }

    private void Add(PartitionId from, long change)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, from, out _);
        count += change;
    }

    private sealed class Lane
    {
        public long Received { get; set; }

        public long Sent { get; set; }

        public Queue<SentAt> Pending { get; } = [];
    }
}
