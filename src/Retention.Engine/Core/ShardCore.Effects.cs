using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <content>Effects between partitions: per edge exactly once, in the order in which they were sent.</content>
public sealed partial class ShardCore
{
    private static GrainId InboxOf(SentEffect effect) => new(effect.To, GrainId.InboxKind, effect.From.Value);

    private void OnEffect(SentEffect effect)
    {
        var inbox = InboxOf(effect);
        if (active.Find(inbox) is { IsLoaded: true } known && known.Version >= effect.Sequence)
        {
            return;
        }

        if (!waitingEffects.TryGetValue(inbox, out var edge))
        {
            waitingEffects[inbox] = edge = [];
        }

        if (edge.ContainsKey(effect.Sequence) || edge.Count >= limits.MaxWaitingPerEdge)
        {
            return;
        }

        Turns++;
        edge.Add(effect.Sequence, new PendingTurn { Partition = effect.To, ArrivedAt = now, Effect = effect });
        PumpEdge(inbox);
    }

    /// <summary>Starts the next effect of the edge, if it is there.</summary>
    private void PumpEdge(GrainId inbox)
    {
        if (!waitingEffects.TryGetValue(inbox, out var edge))
        {
            return;
        }

        foreach (var (sequence, turn) in edge)
        {
            if (active.Find(inbox) is { IsLoaded: true } known && sequence > known.Version + 1)
            {
                return;
            }

            edge.Remove(sequence);
            if (edge.Count == 0)
            {
                waitingEffects.Remove(inbox);
            }

            ready.Enqueue(turn);
            return;
        }
    }

    /// <summary>
    /// The inbox's version is the sequence received last: an effect at or below it was applied, one beyond the next waits.
    /// </summary>
    private bool IsEffectsTurn(PendingTurn turn)
    {
        var effect = turn.Effect!;
        var inbox = view.See(InboxOf(effect));
        if (!view.IsComplete)
        {
            Await(turn);
            return false;
        }

        if (inbox.Version >= effect.Sequence)
        {
            Close(turn);
            PumpEdge(inbox.Id);
            return false;
        }

        if (inbox.Version + 1 < effect.Sequence)
        {
            Wait(inbox.Id, turn);
            return false;
        }

        return true;
    }

    private void Wait(GrainId inbox, PendingTurn turn)
    {
        if (!waitingEffects.TryGetValue(inbox, out var edge))
        {
            waitingEffects[inbox] = edge = [];
        }

        if (!edge.TryAdd(turn.Effect!.Sequence, turn))
        {
            Close(turn);
        }
    }
}
