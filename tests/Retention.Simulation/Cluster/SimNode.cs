using NodaTime;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Runs;
using Retention.Simulation.Toy;

namespace Retention.Simulation.Cluster;

/// <summary>One process with one shard. A crash takes all its memory; messages to an earlier life are lost.</summary>
public sealed class SimNode(Run run, int index) : IShardOutputs
{
    private ShardCore? core;
    private Flight? flight;
    private readonly Probes probes = new(run, index);
    private Saboteur saboteur = new(run);
    private bool flushing;
    private long skew;

    public int Index => index;

    public int Life { get; private set; }

    public bool IsIdle => core is { Turns: 0, CommitsWaiting: 0 };

    private Instant Clock => ToyTurns.At((run.Now / Run.Millisecond) + skew);

    public void Start()
    {
        if (core is not null)
        {
            return;
        }

        Life++;
        saboteur = new Saboteur(run);
        probes.OnStart();
        core = new ShardCore(run.Kinds, run.Turns, run.Swarm.Limits, this);
        skew = run.Strikes(Fault.ClockSkew) ? run.Between(-2_000, 2_000) : skew;
        run.Note($"n{index} starts, clock {skew} ms off");
        var life = Life;
        run.After(run.Between(1, 60) * Run.Millisecond, () => Sweep(life));
        if (run.Swarm.SharedStore)
        {
            Follow(life, run.Store.Head);
        }
    }

    public void Crash()
    {
        run.Turns.Forget();
        if (core is null)
        {
            return;
        }

        run.Note($"n{index} crashes");
        run.Coverage.SometimesIf(core.CommitsWaiting > 0, "a node crashes with commits under way");
        run.Coverage.SometimesIf(run.Store.PendingCount > 0, "a crash between two legs");
        core = null;
        flushing = false;
        if (flight is { } orphan)
        {
            flight = null;
            run.Link.Orphan(orphan);
        }

        run.After(run.Between(5, 200) * Run.Millisecond, Start);
    }

    public void JumpClock(long milliseconds) => skew += milliseconds;

    public string Describe() => core is null ? "down" : $"{core.Turns} turns {core.CommitsWaiting} commits";

    /// <summary>Something for the process in its given life; lost if that life is over.</summary>
    public void Receive(int life, ShardInput input)
    {
        if (core is null || life != Life)
        {
            return;
        }

        if (input is Judged or JudgedUnknown)
        {
            flight = null;
            saboteur.OnJudged(input);
        }

        run.Note($"n{index} {input.GetType().Name} {Subject(input)}");
        probes.OnInput(input);
        var active = core.Activations;
        core.On(input, Clock);
        run.Coverage.SometimesIf(input is Ticked && core.Activations < active, "a grain leaves memory");
        if (!flushing)
        {
            flushing = true;
            run.After(run.Between(0, 300), () => Flush(life));
        }
    }

    /// <summary>A command from the network.</summary>
    public void Ask(Ticket ticket)
    {
        ticket.Life = Life;
        Receive(Life, new Asked(ticket, saboteur.Bend(ticket, ticket.Command)));
    }

    public bool MayHold(LedgerKey key) => Find(key) is not null;

    public void Load(GrainId grain, FoldedGrain? known) => run.Link.Load(this, grain, known);

    public void Look(LedgerKey key) => run.Link.Look(this, key);

    public void Commit(IReadOnlyList<Commit> batch)
    {
        if (flight is not null)
        {
            throw new BrokenPromiseException("OneBatchAtATime", $"n{index} gave out a batch while another is under way");
        }

        flight = run.Link.Commit(this, saboteur.Bend(batch));
    }

    public void Reply(object ticket, in Answer answer)
    {
        var asked = (Ticket)ticket;
        if (run.Bug != PlantedBug.ReplyBeforeCommit || !asked.IsAnswered)
        {
            probes.OnReply(asked, answer);
            asked.Client.OnEmitted(asked, answer);
        }
    }

    public void Fail(object? ticket, Exception cause) =>
        throw cause as BrokenPromiseException ?? new BrokenPromiseException("NothingThrows", cause.ToString());

    public void Deliver(SentEffect effect)
    {
        if (run.Strikes(Fault.EffectLost))
        {
            run.Coverage.Sometimes("an effect is lost on its way");
            return;
        }

        Carry(effect);
        if (run.Strikes(Fault.EffectDuplicated))
        {
            run.Coverage.Sometimes("an effect is delivered twice");
            Carry(effect);
        }
    }

    public void Keep(KeptState state)
    {
        var snapshot = run.Kinds.Encode(state);
        run.History.OnSnapshot(snapshot);
        run.Coverage.Sometimes("a snapshot is kept");
        run.Store.Save(snapshot);
    }

    public ShardInput ToLoaded(GrainId grain, GrainRecord record, FoldedGrain? known) =>
        new Loaded(grain, saboteur.Bend(grain, run.Kinds.Fold(grain, record, known)), run.Store.Head);

    public JournalRecord? Find(LedgerKey key) => saboteur.Find(key, run.Store.Find(key));

    private static string Subject(ShardInput input) => input switch
    {
        Asked asked => asked.Ticket.ToString()!,
        Loaded loaded => $"{loaded.Grain}@{loaded.Folded.Version}",
        LoadFailed failed => failed.Grain.ToString(),
        Looked looked => $"{looked.Key.Value:x} at {looked.Record?.Position}",
        EffectArrived arrived => $"{arrived.Effect.From} > {arrived.Effect.To} {arrived.Effect.Sequence}",
        ReminderFellDue due => due.Reminder.Grain.ToString(),
        _ => "",
    };

    private void Flush(int life)
    {
        if (life == Life && core is not null)
        {
            flushing = false;
            core.Flush();
        }
    }

    private void Carry(SentEffect effect)
    {
        var target = run.AnyNode();
        var late = run.Strikes(Fault.EffectLate) ? run.Between(1, 400) * Run.Millisecond : 0;
        run.After(run.Between(20, 800) + late, () => target.Receive(target.Life, saboteur.Bend(effect)));
    }

    /// <summary>What the host's follower does: tells of commits, own ones among them; some late, some never.</summary>
    private void Follow(int life, long seen)
    {
        if (life != Life || core is null)
        {
            return;
        }

        var news = run.Store.Read(seen, run.Between(1, 40));
        if (news.Count > 0 && !run.Strikes(Fault.NewsLost))
        {
            var late = run.Strikes(Fault.NewsLate) ? run.Between(1, 100) * Run.Millisecond : 0;
            run.After(run.Between(50, 2_000) + late, () => Receive(life, new CommitsSeen(saboteur.Bend(news))));
        }

        var next = seen + news.Count;
        run.After(run.Between(1_000, 20_000), () => Follow(life, next));
    }

    /// <summary>What the host's upkeep does.</summary>
    private void Sweep(int life)
    {
        if (life != Life || core is null)
        {
            return;
        }

        foreach (var reminder in run.Store.DueReminders(Clock, 100))
        {
            var delay = run.Between(0, 2_000);
            run.After(delay, () => Receive(life, new ReminderFellDue(reminder)));
        }

        foreach (var effect in run.Store.Sweep(run.Between(1, 200)))
        {
            run.After(run.Between(0, 500), () => Receive(life, saboteur.Bend(effect)));
        }

        var often = run.Strikes(Fault.SnapshotsOften);
        Receive(life, new SnapshotsAsked(
            [.. run.Store.SnapshotsWanted(100), .. run.Store.Grains.Where(_ => often && run.Between(0, 3) == 0)]));

        Receive(life, new Ticked());
        run.After(run.Between(60, 160) * Run.Millisecond, () => Sweep(life));
    }
}
