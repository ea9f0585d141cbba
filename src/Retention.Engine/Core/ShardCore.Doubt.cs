using Retention.Kernel;

namespace Retention.Engine.Core;

/// <content>States that show what the store did not take, and how turns go on from what it holds.</content>
public sealed partial class ShardCore
{
    private static readonly IReadOnlySet<GrainId> NoneStale = new HashSet<GrainId>();

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

            DropTouched(turn, NoneStale);
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

    /// <summary>
    /// What the turn wrote is in doubt, with all that was built on it. What it only read and was stale is loaded
    /// again, unless another turn's write of it is under way: a load now would miss that write, and the store's
    /// judgement of it tells whether the state was stale.
    /// </summary>
    /// <param name="stale">Null: any of it may be.</param>
    private void DropTouched(PendingTurn turn, IReadOnlySet<GrainId>? stale)
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
                active.Renew(activation, stale?.Contains(activation.Id) ?? true);
            }
            else if (activation.LastWriter is null && (stale?.Contains(activation.Id) ?? true) && !HasGoneOn(turn, activation))
            {
                active.Renew(activation, isStale: true);
            }
        }
    }

    /// <summary>The state in memory is newer than the one that the turn saw: another node's commit was heard of meanwhile.</summary>
    private static bool HasGoneOn(PendingTurn turn, Activation activation)
    {
        foreach (var check in turn.Commit?.Checks ?? [])
        {
            if (check.Grain == activation.Id)
            {
                return activation.Version > check.Version;
            }
        }

        return false;
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
}
