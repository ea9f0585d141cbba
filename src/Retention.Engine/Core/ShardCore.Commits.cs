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
                DecideAgain(turn, RefusalReason.TooManyConflicts, turn.Keys.Length > 0 && !result.KeysAreNew);
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
            turn.IsInDoubt |= !turn.IsCheckOnly;
            DecideAgain(turn, RefusalReason.OutcomeUnknown, turn.Keys.Length > 0);
            Release(turn);
        }

        DecideDoubtfulAgain();
    }

    /// <summary>What was built on a commit that failed has not been given out yet: it is decided anew.</summary>
    private void DecideDoubtfulAgain()
    {
        if (!isAnythingDoubtful)
        {
            return;
        }

        isAnythingDoubtful = false;
        SpreadDoubt();
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

    /// <summary>
    /// A grain's state cannot be taken back to what it was between two commits. So doubt about one write of a grain is
    /// doubt about all that were not given out yet, earlier ones too, and about whatever else those turns wrote.
    /// </summary>
    private void SpreadDoubt()
    {
        bool isSpreading;
        do
        {
            isSpreading = false;
            foreach (var turn in gathered)
            {
                if (IsDoubtful(turn))
                {
                    foreach (var activation in turn.Touched)
                    {
                        isSpreading |= !activation.IsDoubtful && Wrote(turn, activation.Id);
                        activation.IsDoubtful |= Wrote(turn, activation.Id);
                    }
                }
            }
        }
        while (isSpreading);
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
            if (turn.Cause is { } cause && !IsDoubtful(turn))
            {
                Throw(turn, cause);
                return;
            }

            // Several nodes: what it saw is the newest, unless a turn of this shard has dropped it meanwhile.
            if (turn.Refusal is not null && !IsDoubtful(turn))
            {
                Confirm(turn);
                return;
            }

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

        Finish(turn, new Answer(turn.Shaped, null, position, turn.IsRepeat));
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

    private void DecideAgain(PendingTurn turn, RefusalReason whenTooOften, bool mayBeKnown)
    {
        DropTouched(turn);
        if (++turn.Attempts >= limits.MaxAttempts)
        {
            GiveUp(turn, whenTooOften);
            return;
        }

        turn.MayBeKnown = mayBeKnown;
        Restart(turn);
    }

    private void Restart(PendingTurn turn)
    {
        turn.IsDecided = false;
        turn.Lookups = null;
        ready.Enqueue(turn);
    }

    /// <summary>
    /// What the turn wrote is in doubt, with all that was built on it. What it only read may be stale and is loaded
    /// again, unless another turn's write of it is under way: a load now would miss that write, and the store's
    /// judgement of it tells whether the state was stale.
    /// </summary>
    private void DropTouched(PendingTurn turn)
    {
        foreach (var activation in turn.Touched)
        {
            if (activation.LastWriter == turn)
            {
                activation.LastWriter = null;
            }

            if (Wrote(turn, activation.Id))
            {
                activation.IsDoubtful = true;
                isAnythingDoubtful = true;
                active.Drop(activation);
            }
            else if (activation.LastWriter is null)
            {
                active.Drop(activation);
            }
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
            Park(turn);
            return;
        }

        // "No" would be a lie when an earlier commit of the turn may have been applied, or may still be.
        var honest = turn.IsInDoubt ? RefusalReason.OutcomeUnknown : reason;
        Finish(turn, new Answer(null, Refusal.Because(honest), durablePosition, false));
    }
}
