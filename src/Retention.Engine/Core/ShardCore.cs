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
    private Instant decidedAt = Instant.MinValue;
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

    /// <summary>Edges whose next effect seems to be missing.</summary>
    public int EdgesWaiting => waitingEffects.Count;

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
            case CommitsSeen seen:
                OnSeen(seen.Records);
                break;
            case MissingEffectsDue:
                AskForMissingEffects();
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
}
