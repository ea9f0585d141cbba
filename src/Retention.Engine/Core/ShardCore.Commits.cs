using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <content>What becomes of commits.</content>
public sealed partial class ShardCore
{
    private void OnJudged(IReadOnlyList<CommitResult> results)
    {
        var batch = underWay.ToArray();
        underWay.Clear();
        if (results.Count != batch.Length)
        {
            throw new InvalidOperationException($"{batch.Length} commits were given and {results.Count} judged.");
        }

        for (var index = 0; index < batch.Length; index++)
        {
            OnJudged(batch[index], results[index]);
        }

        DecideDoubtfulAgain();
    }

    private void OnJudged(PendingTurn turn, CommitResult result)
    {
        switch (result.Verdict)
        {
            case CommitVerdict.Done:
                OnDone(turn, result.Position);
                break;
            case CommitVerdict.Conflict:
                ConflictsSeen++;
                DecideAgain(turn, RefusalReason.TooManyConflicts);
                break;
            default:
                DropTouched(turn);
                GiveUp(turn, RefusalReason.StorageFull);
                break;
        }

        Release(turn);
    }

    private void OnUnknown()
    {
        var batch = underWay.ToArray();
        underWay.Clear();
        foreach (var turn in batch)
        {
            // The store alone knows: keys are looked up, and versions decide whatever has no key.
            DecideAgain(turn, RefusalReason.OutcomeUnknown);
            Release(turn);
        }

        DecideDoubtfulAgain();
    }

    /// <summary>What was built on a commit that failed has not been given out yet: it is decided anew.</summary>
    private void DecideDoubtfulAgain()
    {
        var kept = 0;
        for (var index = 0; index < gathered.Count; index++)
        {
            var turn = gathered[index];
            if (!IsDoubtful(turn))
            {
                gathered[kept++] = turn;
                continue;
            }

            DropTouched(turn);
            Restart(turn);
            Release(turn);
        }

        gathered.RemoveRange(kept, gathered.Count - kept);
    }

    private static bool IsDoubtful(PendingTurn turn)
    {
        foreach (var activation in turn.Touched)
        {
            if (activation.IsDoubtful)
            {
                return true;
            }
        }

        return false;
    }

    private void OnDone(PendingTurn turn, long position)
    {
        durablePosition = Math.Max(durablePosition, position);
        foreach (var activation in turn.Touched)
        {
            if (activation.LastWriter == turn)
            {
                activation.LastWriter = null;
            }
        }

        if (turn.IsCheckOnly)
        {
            // Several nodes: what it saw is the newest, unless a turn of this shard has dropped it meanwhile.
            AnswerOrDecideAgain(turn);
            return;
        }

        KeepSnapshots(turn);
        if (turn.Effects is { } effects)
        {
            foreach (var effect in effects)
            {
                outputs.Deliver(effect);
            }
        }

        Finish(turn, new Answer(turn.Shaped, null, position, false));
    }

    private void Release(PendingTurn turn)
    {
        if (turn.Held is not { } held)
        {
            return;
        }

        turn.Held = null;
        foreach (var reader in held)
        {
            AnswerOrDecideAgain(reader);
        }
    }

    private void AnswerOrDecideAgain(PendingTurn turn)
    {
        if (IsDoubtful(turn))
        {
            Restart(turn);
            return;
        }

        Finish(turn, new Answer(turn.Shaped, turn.Refusal, durablePosition, false));
    }

    private void DecideAgain(PendingTurn turn, RefusalReason whenTooOften)
    {
        DropTouched(turn);
        if (++turn.Attempts >= limits.MaxAttempts)
        {
            GiveUp(turn, whenTooOften);
            return;
        }

        turn.MayBeKnown = turn.Keys.Count > 0;
        Restart(turn);
    }

    private void Restart(PendingTurn turn)
    {
        turn.IsDecided = false;
        turn.Lookups = null;
        turn.Snapshots = null;
        ready.Enqueue(turn);
    }

    /// <summary>
    /// What the turn wrote is in doubt, with all that was built on it. What it only read may be stale and is loaded
    /// again; others that read it are judged by the store themselves.
    /// </summary>
    private void DropTouched(PendingTurn turn)
    {
        foreach (var activation in turn.Touched)
        {
            if (activation.LastWriter == turn)
            {
                activation.LastWriter = null;
            }

            activation.IsDoubtful |= Wrote(turn, activation.Id);
            active.Drop(activation);
        }
    }

    private static bool Wrote(PendingTurn turn, GrainId grain)
    {
        foreach (var write in turn.Commit?.Writes ?? [])
        {
            if (write.Grain == grain)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A command is answered; an effect or a reminder waits for better times.</summary>
    private void GiveUp(PendingTurn turn, RefusalReason reason)
    {
        if (turn.IsFinished)
        {
            return;
        }

        if (turn.Ticket is null)
        {
            turn.Attempts = 0;
            turn.Awaiting = 0;
            turn.IsDecided = false;
            parked.Add(turn);
            return;
        }

        Finish(turn, new Answer(null, Refusal.Because(reason), durablePosition, false));
    }
}
