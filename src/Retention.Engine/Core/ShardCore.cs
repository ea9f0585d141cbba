using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>
/// The heart: one shard's turns, without any thread, clock, storage or chance of its own. It is told what happened and
/// says what should be done. States run ahead of the store; answers do not: they leave when all they show is durable.
/// A commit that fails drops what it touched, and its turn is decided again from what the store holds.
/// </summary>
public sealed partial class ShardCore
{
    private readonly GrainKinds kinds;
    private readonly IEffectTurns effectTurns;
    private readonly EngineLimits limits;
    private readonly IShardOutputs outputs;
    private readonly ActiveGrains active = new();
    private readonly TurnView view;
    private readonly CommitBuilder builder;
    private readonly List<PendingTurn> gathered = [];
    private readonly List<PendingTurn> underWay = [];
    private readonly Dictionary<LedgerKey, PendingTurn> keyHolders = [];
    private readonly Dictionary<LedgerKey, LookUp> looking = [];
    private readonly Dictionary<GrainId, SortedList<long, PendingTurn>> waitingEffects = [];
    private readonly HashSet<(GrainId Inbox, long Sequence)> pendingEffects = [];
    private readonly HashSet<(GrainId Grain, string Name)> pendingReminders = [];
    private readonly List<PendingTurn> parked = [];
    private readonly Queue<PendingTurn> ready = [];
    private Instant now;
    private bool isAnythingDoubtful;
    private long nextSequence = 1;
    private long durablePosition;

    public ShardCore(GrainKinds kinds, IEffectTurns effectTurns, EngineLimits limits, IShardOutputs outputs)
    {
        this.kinds = kinds;
        this.effectTurns = effectTurns;
        this.limits = limits;
        this.outputs = outputs;
        view = new TurnView(kinds, active);
        builder = new CommitBuilder(view, active);
    }

    /// <summary>Turns that are not answered yet.</summary>
    public int Turns { get; private set; }

    /// <summary>Commits decided and not judged yet.</summary>
    public int CommitsWaiting => gathered.Count + underWay.Count;

    public int Activations => active.Count;

    public long ActiveBytes => active.SizeBytes;

    public long ConflictsSeen { get; private set; }

    public void On(ShardInput input, Instant at)
    {
        now = at;
        switch (input)
        {
            case Asked asked:
                Ask(asked);
                break;
            case Loaded loaded:
                OnLoaded(loaded);
                break;
            case LoadFailed failed:
                OnLoadFailed(failed.Grain);
                break;
            case Looked looked:
                OnLooked(looked.Key, looked.Record);
                break;
            case LookFailed failed:
                OnLookFailed(failed.Key);
                break;
            case Judged judged:
                OnJudged(judged.Results);
                break;
            case JudgedUnknown:
                OnUnknown();
                break;
            case EffectArrived arrived:
                OnEffect(arrived.Effect);
                break;
            case ReminderFellDue due:
                OnReminder(due.Reminder);
                break;
            case SnapshotsAsked asked:
                OnSnapshotsAsked(asked.Grains);
                break;
            case Ticked:
                OnTick();
                break;
            default:
                throw new InvalidOperationException($"Unknown shard input {input.GetType().Name}.");
        }

        while (ready.TryDequeue(out var turn))
        {
            Run(turn);
        }

        KeepWithinMemory();
    }

    /// <summary>
    /// Gives out what was gathered as one batch, unless one is under way. Only one is: when a commit fails, all that
    /// was built on it is still here and can be decided again, whatever version another node has reached meanwhile.
    /// </summary>
    public void Flush()
    {
        if (underWay.Count > 0 || gathered.Count == 0)
        {
            return;
        }

        var size = Math.Min(gathered.Count, limits.MaxBatch);
        var batch = new Commit[size];
        for (var index = 0; index < size; index++)
        {
            underWay.Add(gathered[index]);
            batch[index] = gathered[index].Commit!;
        }

        gathered.RemoveRange(0, size);
        outputs.Commit(batch);
    }

    private void Ask(Asked asked)
    {
        if (Turns >= limits.MaxTurns)
        {
            var refusal = Refusal.Because(RefusalReason.Overloaded, ("limit", "max_turns"), ("max_turns", limits.MaxTurns));
            outputs.Reply(asked.Ticket, new Answer(null, refusal, durablePosition, false));
            return;
        }

        Turns++;
        ready.Enqueue(new PendingTurn
        {
            Partition = asked.Command.Partition,
            ArrivedAt = now,
            Ticket = asked.Ticket,
            Command = asked.Command,
        });
    }

    private void OnReminder(Reminder reminder)
    {
        if (pendingReminders.Add((reminder.Grain, reminder.Name)))
        {
            Turns++;
            ready.Enqueue(new PendingTurn
            {
                Partition = reminder.Grain.Partition,
                ArrivedAt = now,
                Reminder = reminder,
            });
        }
    }

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

    private void Await(PendingTurn turn)
    {
        Pin(turn);
        foreach (var missing in view.MissingGrains)
        {
            turn.Awaiting++;
            if (missing.Waiters is null)
            {
                missing.Waiters = [];
                outputs.Load(missing.Id);
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
