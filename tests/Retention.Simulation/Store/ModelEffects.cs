using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Simulation;

/// <summary>Effects sent and not yet received, as the outbox and inbox grains of the commits say.</summary>
internal sealed class ModelEffects
{
    private readonly SortedDictionary<(string From, string To), Lane> lanes = new(Comparer<(string From, string To)>.Create(
        (x, y) => string.CompareOrdinal(x.From, y.From) is var order and not 0 ? order : string.CompareOrdinal(x.To, y.To)));

    public void Note(GrainWrite write, long position)
    {
        if (write.Grain.Kind == GrainId.OutboxKind)
        {
            var lane = LaneOf(write.Grain.Partition.Value, write.Grain.Key);
            for (var index = 0; index < write.Facts.Count; index++)
            {
                var effect = new SentEffect(
                    write.Grain.Partition, new PartitionId(write.Grain.Key), write.ExpectedVersion + 1 + index, write.Facts[index]);
                if (effect.Sequence > lane.Received)
                {
                    lane.Pending.Add((position, effect));
                }
            }
        }
        else if (write.Grain.Kind == GrainId.InboxKind)
        {
            var lane = LaneOf(write.Grain.Key, write.Grain.Partition.Value);
            lane.Received = Math.Max(lane.Received, write.NewVersion);
            lane.Pending.RemoveAll(x => x.Effect.Sequence <= lane.Received);
        }
    }

    /// <summary>The edges take turns: the first of each, oldest first, then the second of each, and so on.</summary>
    public IReadOnlyList<SentEffect> Pending(int limit) =>
    [
        .. lanes.Values.SelectMany(lane => lane.Pending.Take(limit).Select((x, turn) => (turn, x.Position, x.Effect)))
            .OrderBy(x => x.turn).ThenBy(x => x.Position).Take(limit).Select(x => x.Effect),
    ];

    public long Count(PartitionId from) =>
        lanes.Where(x => x.Key.From == from.Value).Sum(x => (long)x.Value.Pending.Count);

    private Lane LaneOf(string from, string to)
    {
        if (!lanes.TryGetValue((from, to), out var lane))
        {
            lanes.Add((from, to), lane = new Lane());
        }

        return lane;
    }

    private sealed class Lane
    {
        public long Received { get; set; }

        public List<(long Position, SentEffect Effect)> Pending { get; } = [];
    }
}
