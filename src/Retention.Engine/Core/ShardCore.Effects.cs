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

        if (!pendingEffects.Contains((inbox, effect.Sequence)) && MakeRoom(edge, effect.Sequence))
        {
            Turns++;
            pendingEffects.Add((inbox, effect.Sequence));
            edge.Add(effect.Sequence, new PendingTurn { Partition = effect.To, ArrivedAt = now, Effect = effect });
            ReadAnewBefore(effect.Sequence, inbox);
        }

        PumpEdge(inbox);
    }

    /// <summary>Another node may have received the effects that seem to be missing before this one.</summary>
    private void ReadAnewBefore(long sequence, GrainId inbox)
    {
        if (limits.SharedStore && active.Find(inbox) is { IsLoaded: true, LastWriter: null } known
            && sequence > known.Version + 1)
        {
            active.Drop(known);
        }
    }

    /// <summary>A full edge gives up its last effect for an earlier one: it may be the one that the others wait for.</summary>
    private bool MakeRoom(SortedList<long, PendingTurn> edge, long sequence)
    {
        if (edge.Count < limits.MaxWaitingPerEdge)
        {
            return true;
        }

        var last = edge.Count - 1;
        if (sequence > edge.GetKeyAtIndex(last))
        {
            return false;
        }

        var dropped = edge.GetValueAtIndex(last);
        edge.RemoveAt(last);
        Close(dropped);
        return true;
    }

    /// <summary>
    /// Effects wait while an earlier one seems to be missing. Where several nodes write the store, another one may have
    /// received that, and these too: then nobody will deliver them again, and the inbox in memory has to be read anew.
    /// </summary>
    private void AskForMissingEffects()
    {
        if (!limits.SharedStore)
        {
            return;
        }

        foreach (var inbox in waitingEffects.Keys.ToArray())
        {
            if (active.Find(inbox) is { IsLoaded: true, LastWriter: null } known)
            {
                active.Drop(known);
            }

            PumpEdge(inbox);
        }
    }

    /// <summary>Starts the next effect of the edge, if it is there.</summary>
    private void PumpEdge(GrainId inbox)
    {
        if (!waitingEffects.TryGetValue(inbox, out var edge))
        {
            return;
        }

        if (edge.Count > 0)
        {
            if (active.Find(inbox) is { IsLoaded: true } known && edge.GetKeyAtIndex(0) > known.Version + 1)
            {
                return;
            }

            ready.Enqueue(edge.GetValueAtIndex(0));
            edge.RemoveAt(0);
        }

        if (edge.Count == 0)
        {
            waitingEffects.Remove(inbox);
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
