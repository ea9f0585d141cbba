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

        if (!isAnythingDoubtful && results.All(result => result.Verdict == CommitVerdict.Done))
        {
            // What was gathered meanwhile holds as well: the store need not wait for the answers.
            Flush();
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
                OnConflict(turn, result);
                break;
            default:
                DropTouched(turn, stale: null);
                GiveUp(turn, RefusalReason.StorageFull);
                break;
        }

        Release(turn);
    }

    private void OnConflict(PendingTurn turn, in CommitResult result)
    {
        DropTouched(turn, result.Stale);
        if (IsKeptWaiting(turn, result) && now - turn.ArrivedAt < limits.MaxHeldFor)
        {
            Restart(turn);
        }
        else
        {
            DecideAgain(turn, RefusalReason.TooManyConflicts, turn.Keys.Length > 0 && !result.KeysAreNew);
        }
    }

    /// <summary>
    /// All it saw was the newest, and no key of its was taken: it waits for another node's turn, or for a neighbour of its
    /// batch. That is no failed attempt.
    /// </summary>
    private static bool IsKeptWaiting(PendingTurn turn, in CommitResult result)
    {
        if (result.Stale is not { } stale || !result.KeysAreNew)
        {
            return false;
        }

        foreach (var activation in turn.Touched)
        {
            if (stale.Contains(activation.Id))
            {
                return false;
            }
        }

        return true;
    }

    private void OnUnknown()
    {
        var batch = underWay.ToArray();
        underWay.Clear();
        foreach (var turn in batch)
        {
            // The store alone knows: keys are looked up, and versions decide whatever has no key.
            turn.IsInDoubt |= !turn.IsCheckOnly;
            foreach (var activation in turn.Touched)
            {
                activation.Durable = null;
            }

            DropTouched(turn, stale: null);
            DecideAgain(turn, RefusalReason.OutcomeUnknown, turn.Keys.Length > 0);
            Release(turn);
        }

        DecideDoubtfulAgain();
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

        NoteDurable(turn);
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

    private static void NoteDurable(PendingTurn turn)
    {
        for (var index = 0; index < turn.Written?.Length; index++)
        {
            var write = turn.Commit!.Writes[index];
            foreach (var activation in turn.Touched)
            {
                if (activation.Id == write.Grain)
                {
                    activation.Durable = new FoldedGrain(turn.Written[index], write.NewVersion, 0, 0);
                }
            }
        }
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
