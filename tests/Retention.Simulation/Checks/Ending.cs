using System.Text;
using Retention.Kernel;
using Retention.Simulation.Cluster;
using Retention.Simulation.Runs;
using Retention.Simulation.Toy;

namespace Retention.Simulation.Checks;

/// <summary>What must hold when all is at rest.</summary>
public static class Ending
{
    public static void Check(Run run)
    {
        foreach (var (key, reply) in run.History.Acknowledged)
        {
            var found = run.Store.Find(key);
            Demand(found?.Ledger is not null, "AcknowledgedIsFound", reply);
            Demand(Encoding.UTF8.GetString(found!.Ledger!.Reply.Span) == reply, "OneReply", reply);
        }

        foreach (var grain in run.Store.Grains)
        {
            var folded = run.Kinds.Fold(grain, run.Store.Load(grain));
            Demand(folded.Version == run.Store.VersionOf(grain), "SnapshotIsFold", $"{grain} {folded}");
            if (grain.Kind == GrainId.OutboxKind)
            {
                var inbox = new GrainId(new PartitionId(grain.Key), GrainId.InboxKind, grain.Partition.Value);
                Demand(run.Store.VersionOf(inbox) == folded.Version, "EffectsOnce", $"{grain} sent {folded.Version}");
            }
            else if (folded.State is ToyState state)
            {
                Demand(state == run.History.StateOf(grain, folded.Version), "SnapshotIsFold", $"{grain} {folded}");
            }
        }

        Demand(run.Books.EffectsInFlight == 0, "EffectsOnce", "effects are in flight at the end");
    }

    private static void Demand(bool holds, string law, string detail)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(law, detail);
        }
    }
}
