using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <content>The request ledger: one outcome per key, for ever.</content>
public sealed partial class ShardCore
{
    /// <summary>True when the turn may be decided: none of its keys is taken, and no other turn is about to take one.</summary>
    private bool TakeKeys(PendingTurn turn)
    {
        if (turn.Keys.Count == 0 || IsAnsweredFromLedger(turn))
        {
            return !turn.IsFinished;
        }

        if (!turn.HoldsKeys)
        {
            foreach (var key in turn.Keys)
            {
                if (keyHolders.TryGetValue(key.Key, out var holder))
                {
                    turn.Awaiting++;
                    (holder.Followers ??= []).Add(turn);
                    return false;
                }
            }

            foreach (var key in turn.Keys)
            {
                keyHolders[key.Key] = turn;
            }

            turn.HoldsKeys = true;
        }

        if (!turn.MayBeKnown)
        {
            return true;
        }

        turn.MayBeKnown = false;
        foreach (var key in turn.Keys)
        {
            if (turn.Lookups is null || !turn.Lookups.ContainsKey(key.Key))
            {
                Look(turn, key.Key);
            }
        }

        return turn.Awaiting == 0;
    }

    private bool IsAnsweredFromLedger(PendingTurn turn)
    {
        if (turn.Lookups is null)
        {
            return false;
        }

        foreach (var key in turn.Keys)
        {
            if (turn.Lookups.TryGetValue(key.Key, out var record) && record?.Ledger is { } kept)
            {
                Finish(turn, FromLedger(turn.Command!, key, kept, record.Position));
                return true;
            }
        }

        return false;
    }

    private static Answer FromLedger(Command command, CommandKey key, LedgerWrite kept, long position)
    {
        if (kept.Format == LedgerFormats.Sealed && command.Format?.Name != LedgerFormats.Sealed)
        {
            return new Answer(null, Refusal.Because(RefusalReason.OperationSealed), position, true);
        }

        // The digest is over the request's content; the format tells requests of different methods apart.
        if (kept.Content != command.Content || kept.Format != (command.Format?.Name ?? ""))
        {
            return new Answer(null, Refusal.Because(key.WhenReused), position, true);
        }

        return new Answer(command.Format?.Decode(kept.Reply), null, position, true);
    }

    private void ReleaseKeys(PendingTurn turn)
    {
        if (!turn.HoldsKeys)
        {
            return;
        }

        turn.HoldsKeys = false;
        foreach (var key in turn.Keys)
        {
            keyHolders.Remove(key.Key);
        }
    }

    private void Look(PendingTurn turn, LedgerKey key)
    {
        turn.Awaiting++;
        if (looking.TryGetValue(key, out var others))
        {
            others.Add(turn);
            return;
        }

        looking[key] = [turn];
        outputs.Look(key);
    }

    private void OnLooked(LedgerKey key, JournalRecord? record)
    {
        if (looking.Remove(key, out var turns))
        {
            foreach (var turn in turns)
            {
                (turn.Lookups ??= [])[key] = record;
                Resume(turn);
            }
        }
    }

    private void OnLookFailed(LedgerKey key)
    {
        if (looking.Remove(key, out var turns))
        {
            foreach (var turn in turns)
            {
                GiveUp(turn, RefusalReason.StorageUnavailable);
            }
        }
    }
}
