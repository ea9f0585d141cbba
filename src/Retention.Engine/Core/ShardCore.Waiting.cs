using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <content>Turns that wait for states, keys or better times, and how they end.</content>
public sealed partial class ShardCore
{
    private void Await(PendingTurn turn)
    {
        Pin(turn);
        foreach (var missing in view.MissingGrains)
        {
            turn.Awaiting++;
            if (missing.Waiters is null)
            {
                missing.Waiters = [];
                outputs.Load(missing.Id, missing.Durable);
            }

            missing.Waiters.Add(turn);
        }

        foreach (var key in view.MissingKeys)
        {
            if (keyHolders.TryGetValue(key, out var holder) && holder != turn)
            {
                // Its outcome decides what is recorded under the key.
                turn.Awaiting++;
                (holder.Followers ??= []).Add(turn);
            }
            else
            {
                Look(turn, key);
            }
        }
    }

    private void Resume(PendingTurn turn)
    {
        if (--turn.Awaiting > 0 || turn.IsFinished)
        {
            return;
        }

        if (turn.IsToPark)
        {
            Park(turn);
        }
        else
        {
            ready.Enqueue(turn);
        }
    }

    /// <summary>Puts an effect or a reminder aside until the next tick.</summary>
    private void Park(PendingTurn turn)
    {
        Unpin(turn);
        turn.IsToPark = false;
        turn.IsDecided = false;
        parked.Add(turn);
    }

    /// <summary>
    /// Where several nodes write the store, one state of a turn may be older than another, which no invariant bears:
    /// it is broken only if the states turn out to be the newest.
    /// </summary>
    private void ThrowOverNewest(PendingTurn turn, Exception cause)
    {
        if (!limits.SharedStore || turn.Touched.Count == 0)
        {
            Throw(turn, cause);
            return;
        }

        turn.Cause = cause;
        Emit(turn, builder.CheckOnly(turn));
    }

    private void Throw(PendingTurn turn, Exception cause)
    {
        outputs.Fail(turn.Ticket, cause);
        if (turn.Ticket is null)
        {
            // An effect or reminder that cannot be decided stays: nothing is lost, and its edge waits.
            Park(turn);
            return;
        }

        Close(turn);
    }

    private void Finish(PendingTurn turn, in Answer answer)
    {
        if (turn.Ticket is { } ticket)
        {
            outputs.Reply(ticket, answer);
        }

        Close(turn);
    }

    private void Close(PendingTurn turn)
    {
        turn.IsFinished = true;
        Turns--;
        Unpin(turn);
        if (turn.Reminder is { } reminder)
        {
            pendingReminders.Remove((reminder.Grain, reminder.Name));
        }

        if (turn.Effect is { } effect)
        {
            pendingEffects.Remove((InboxOf(effect), effect.Sequence));
        }

        ReleaseKeys(turn);
        if (turn.Followers is { } followers)
        {
            turn.Followers = null;
            foreach (var follower in followers)
            {
                follower.MayBeKnown = follower.Keys.Length > 0;
                follower.Lookups = null;
                Resume(follower);
            }
        }
    }
}
