using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <content>The request ledger: one outcome per key, for ever.</content>
public sealed partial class ShardCore
{
    /// <summary>True when the turn may be decided: none of its keys is taken, and no other turn is about to take one.</summary>
    private bool TakeKeys(PendingTurn turn)
    {
        if (turn.Keys.Length == 0 || IsAnsweredFromLedger(turn))
        {
            return turn is { IsFinished: false, IsDecided: false };
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

                // Where several nodes write the store, no memory tells that a key is new, and nearly all are: the
                // store finds the others when the turn commits, and Confirm does when it is refused.
                turn.MayBeKnown |= !limits.SharedStore && outputs.MayHold(key.Key);
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
                var answer = FromLedger(turn.Command!, key, kept, record.Position);
                if (answer.Refusal is null && NotRecorded(turn) is { Count: > 0 } others)
                {
                    Emit(turn, RepeatUnder(turn, others, kept, answer));
                }
                else
                {
                    Finish(turn, answer);
                }

                return true;
            }
        }

        return false;
    }

    private static List<LedgerKey> NotRecorded(PendingTurn turn)
    {
        var others = new List<LedgerKey>();
        foreach (var key in turn.Keys)
        {
            if (turn.Lookups!.GetValueOrDefault(key.Key)?.Ledger is null)
            {
                others.Add(key.Key);
            }
        }

        return others;
    }

    /// <summary>
    /// A new request id for a receipt that is recorded: the id leads to the first reply for ever, as the receipt does.
    /// </summary>
    private static Commit RepeatUnder(PendingTurn turn, List<LedgerKey> keys, LedgerWrite kept, Answer answer)
    {
        Unpin(turn);
        turn.Reset();
        turn.Shaped = answer.Reply;
        turn.IsRepeat = true;
        return new Commit(turn.Partition, turn.DecidedAt, [], [], kept with { Keys = keys }, []);
    }

    /// <summary>
    /// Where several nodes write the store, a copy of the command may have been applied between the first look at its
    /// keys and the load of the states: the refusal would then be for what the command itself has done. So the keys are
    /// looked at once more after the states were found to be the newest.
    /// </summary>
    private void Confirm(PendingTurn turn)
    {
        turn.IsDecided = false;
        turn.IsConfirming = true;
        turn.Lookups = null;
        foreach (var key in turn.Keys)
        {
            if (outputs.MayHold(key.Key))
            {
                Look(turn, key.Key);
            }
        }

        if (turn.Awaiting == 0)
        {
            OnConfirmed(turn);
        }
    }

    private void OnConfirmed(PendingTurn turn)
    {
        turn.IsConfirming = false;
        if (IsAnsweredFromLedger(turn))
        {
            return;
        }

        // A batch that was given up may still reach a store of its own, with the commit in it and what that built on.
        var refusal = turn.IsInDoubt ? Refusal.Because(RefusalReason.OutcomeUnknown) : turn.Refusal;
        Finish(turn, new Answer(null, refusal, durablePosition, false));
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
        if (looking.TryGetValue(key, out var lookUp))
        {
            // The one under way may have seen the store before what this turn must know of.
            (lookUp.Next ??= []).Add(turn);
            return;
        }

        looking[key] = new LookUp([turn]);
        outputs.Look(key);
    }

    private List<PendingTurn> EndLookUp(LedgerKey key)
    {
        if (!looking.Remove(key, out var lookUp))
        {
            return [];
        }

        if (lookUp.Next is { } next)
        {
            looking[key] = new LookUp(next);
            outputs.Look(key);
        }

        return lookUp.Turns;
    }

    private void OnLooked(LedgerKey key, JournalRecord? record)
    {
        durablePosition = Math.Max(durablePosition, record?.Position ?? 0);
        foreach (var turn in EndLookUp(key))
        {
            (turn.Lookups ??= [])[key] = record;
            Resume(turn);
        }
    }

    private void OnLookFailed(LedgerKey key)
    {
        foreach (var turn in EndLookUp(key))
        {
            GiveUpWaiting(turn);
        }
    }

    /// <summary>One look-up under way, and the turns that asked for the same key after it had begun.</summary>
    private sealed class LookUp(List<PendingTurn> turns)
    {
        public List<PendingTurn> Turns => turns;

        public List<PendingTurn>? Next { get; set; }
    }
}
