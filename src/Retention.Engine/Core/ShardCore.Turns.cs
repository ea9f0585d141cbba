using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <content>One turn, from its states to its commit or its answer.</content>
public sealed partial class ShardCore
{
    private void Run(PendingTurn turn)
    {
        if (turn.IsFinished || turn.IsDecided || turn.Awaiting > 0)
        {
            return;
        }

        if (turn.IsConfirming)
        {
            OnConfirmed(turn);
            return;
        }

        if (!TakeKeys(turn))
        {
            return;
        }

        Unpin(turn);

        // One that waited for a load is decided after turns that came later: the facts of a grain do not go back in time.
        turn.DecidedAt = decidedAt = Instant.Max(turn.ArrivedAt, decidedAt);
        view.Begin(turn, now);
        if (turn.Effect is not null && !IsEffectsTurn(turn))
        {
            return;
        }

        var (refusal, commit, cause) = TryDecide(turn);
        if (!view.IsComplete)
        {
            // What was decided, or thrown, over states that are not there does not count.
            Await(turn);
        }
        else if (cause is not null)
        {
            ThrowOverNewest(turn, cause);
        }
        else if (refusal is not null)
        {
            Refuse(turn, refusal);
        }
        else
        {
            Emit(turn, commit);
        }
    }

    private (Refusal? Refusal, Commit? Commit, Exception? Cause) TryDecide(PendingTurn turn)
    {
        try
        {
            var decision = Decide(turn);
            return view.IsComplete && decision.Refusal is null
                ? (null, builder.Build(turn, decision, nextSequence, limits.SharedStore), null)
                : (decision.Refusal, null, null);
        }
        catch (Exception cause)
        {
            return (null, null, cause);
        }
    }

    private Decision Decide(PendingTurn turn)
    {
        if (turn.Command is { } command)
        {
            return command.Decide(view);
        }

        if (turn.Effect is { } effect)
        {
            var (name, payload) = EffectCodec.Decode(effect.Fact);
            var decision = effectTurns.Decide(view, effect.From, effect.To, name, payload);

            return OrSilent(decision);
        }

        var reminder = turn.Reminder!;
        return OrSilent(kinds[reminder.Grain.Kind].Remind(view, reminder.Grain, reminder.Name, reminder.DueAt));
    }

    /// <summary>A refusal consumes the effect or the reminder: it changes nothing but is not asked again.</summary>
    private static Decision OrSilent(Decision decision) => decision.Refusal is null ? decision : Decision.Silent();

    /// <summary>Gives the commit out, or, when there is nothing to store, the answer.</summary>
    private void Emit(PendingTurn turn, Commit? commit)
    {
        if (commit is null)
        {
            Hold(turn);
            return;
        }

        turn.IsDecided = true;
        turn.Commit = commit;
        turn.Sequence = nextSequence++;
        gathered.Add(turn);
        if (turn.Effect is { } effect)
        {
            PumpEdge(InboxOf(effect));
        }
    }

    private void Refuse(PendingTurn turn, Refusal refusal)
    {
        turn.Refusal = refusal;
        if (!limits.SharedStore)
        {
            Hold(turn);
        }
        else if (turn.Touched.Count > 0)
        {
            Emit(turn, builder.CheckOnly(turn));
        }
        else
        {
            Confirm(turn);
        }
    }

    /// <summary>An answer leaves when everything it shows is durable.</summary>
    private void Hold(PendingTurn turn)
    {
        PendingTurn? newest = null;
        foreach (var activation in turn.Touched)
        {
            if (activation.LastWriter is { } writer && (newest is null || writer.Sequence > newest.Sequence))
            {
                newest = writer;
            }
        }

        if (newest is null)
        {
            Finish(turn, new Answer(turn.Shaped, turn.Refusal, durablePosition, false));
        }
        else
        {
            turn.IsDecided = true;
            (newest.Held ??= []).Add(turn);
        }
    }
}
