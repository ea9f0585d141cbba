using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Effects between partitions, counted where they are sent and where they are received: in order on either side, and
/// no more received than sent. Their counters are few and have no state.
/// </summary>
internal sealed class EffectEdges(DifferenceList differences)
{
    private readonly Dictionary<(PartitionId From, PartitionId To), long> sent = [];
    private readonly Dictionary<(PartitionId From, PartitionId To), long> received = [];

    public long Pending => sent.Values.Sum() - received.Values.Sum();

    public static bool IsCounter(GrainId grain) => grain.Kind is GrainId.OutboxKind or GrainId.InboxKind;

    public void See(GrainWrite write)
    {
        var (here, there) = (write.Grain.Partition, new PartitionId(write.Grain.Key));
        if (write.Grain.Kind == GrainId.OutboxKind) Count(sent, here, there, write);
        if (write.Grain.Kind == GrainId.InboxKind) Count(received, there, here, write);
    }

    public void Finish()
    {
        foreach (var (edge, count) in received)
        {
            var wasSent = sent.GetValueOrDefault(edge);
            if (count <= wasSent) continue;
            differences.Add(new Difference(
                new GrainId(edge.To, GrainId.InboxKind, edge.From.Value),
                "effects",
                $"{count} effects received of {wasSent} sent"));
        }
    }

    private void Count(
        Dictionary<(PartitionId, PartitionId), long> edges, PartitionId from, PartitionId to, GrainWrite write)
    {
        var before = edges.GetValueOrDefault((from, to));
        if (write.ExpectedVersion != before)
        {
            differences.Add(new Difference(write.Grain, "versions", string.Create(
                null, $"goes on from {write.ExpectedVersion}, the edge is at {before}")));
        }

        edges[(from, to)] = before + write.Facts.Count;
    }
}
