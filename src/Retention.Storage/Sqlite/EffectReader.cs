using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>Fetches a pending effect from the commit that sent it.</summary>
internal static class EffectReader
{
    public static SentEffect Read(Edge edge, SentAt sent, Session session)
    {
        var row = session.JournalRow(sent.Position);
        var cursor = JournalCodec.Open(sent.Position, row);
        while (cursor.NextWrite())
        {
            if (!IsOutboxOf(cursor.Grain, edge))
            {
                continue;
            }

            for (var sequence = cursor.ExpectedVersion + 1; cursor.FactsLeft > 0; sequence++)
            {
                var fact = cursor.NextFactKept();
                if (sequence == sent.Sequence)
                {
                    return new SentEffect(edge.From, edge.To, sequence, fact);
                }
            }
        }

        throw new StoreDamagedException($"Journal record {sent.Position} lacks effect {sent.Sequence} to {edge.To}.");
    }

    private static bool IsOutboxOf(GrainId grain, Edge edge) =>
        grain.Kind == GrainId.OutboxKind && grain.Partition == edge.From && grain.Key == edge.To.Value;
}
