using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Runs;
using Retention.Simulation.Toy;

namespace Retention.Simulation.Cluster;

/// <summary>Stands between a core and its surroundings and plants the run's bug there. Its memory dies with the process.</summary>
internal sealed class Saboteur(Run run)
{
    private readonly Dictionary<LedgerKey, JournalRecord> remembered = [];
    private readonly Dictionary<GrainId, FoldedGrain> imagined = [];
    private readonly Dictionary<GrainId, FoldedGrain> kept = [];
    private readonly Dictionary<GrainId, long> arrivals = [];
    private IReadOnlyList<Commit> batch = [];

    private PlantedBug Bug => run.Bug;

    public Command Bend(Ticket ticket, Command command) => Bug switch
    {
        PlantedBug.KeyReuseAccepted => command with { Content = 0 },
        PlantedBug.ReplyBeforeCommit => command with { Decide = turn => DecideAndReply(ticket, command, turn) },
        _ => command,
    };

    public IReadOnlyList<Commit> Bend(IReadOnlyList<Commit> given)
    {
        batch = given;
        switch (Bug)
        {
            case PlantedBug.NoDedupe or PlantedBug.MemoryOnlyDedupe:
                return [.. given.Select(commit => commit with { Ledger = null })];
            case PlantedBug.EffectsOutsideCommit:
                return [.. given.Select(WithoutOutbox)];
            case PlantedBug.SpeculativeKept or PlantedBug.UnknownKeepsCache:
                imagined.Clear();
                foreach (var write in given.SelectMany(commit => commit.Writes))
                {
                    Imagine(write);
                }

                return given;
            default:
                return given;
        }
    }

    public void OnJudged(ShardInput input)
    {
        for (var index = 0; index < batch.Count; index++)
        {
            var verdict = (input as Judged)?.Results[index].Verdict;
            if (verdict == CommitVerdict.Done && Bug == PlantedBug.MemoryOnlyDedupe)
            {
                Remember(batch[index]);
            }
            else if ((verdict == CommitVerdict.Conflict && Bug == PlantedBug.SpeculativeKept)
                || (verdict is null && Bug == PlantedBug.UnknownKeepsCache))
            {
                Keep(batch[index]);
            }
        }
    }

    public JournalRecord? Find(LedgerKey key, JournalRecord? real) => Bug switch
    {
        PlantedBug.NoDedupe => null,
        PlantedBug.MemoryOnlyDedupe => remembered.GetValueOrDefault(key),
        _ => real,
    };

    public FoldedGrain Bend(GrainId grain, FoldedGrain loaded)
    {
        if (!kept.Remove(grain, out var state))
        {
            return loaded;
        }

        return Bug == PlantedBug.SpeculativeKept ? loaded with { State = state.State } : state;
    }

    /// <summary>A commit heard of twice passes for two.</summary>
    public IReadOnlyList<JournalRecord> Bend(IReadOnlyList<JournalRecord> news) => Bug != PlantedBug.NewsToldTwice
        ? news
        : [.. news.SelectMany(record => (JournalRecord[])
            [record, record with { Writes = [.. record.Writes.Select(write => write with { ExpectedVersion = write.NewVersion })] }])];

    public ShardInput Bend(SentEffect effect)
    {
        if (Bug != PlantedBug.NoEffectDedupe)
        {
            return new EffectArrived(effect);
        }

        // Every arrival passes for a new effect.
        var inbox = new GrainId(effect.To, GrainId.InboxKind, effect.From.Value);
        var last = Math.Max(arrivals.GetValueOrDefault(inbox), run.Store.VersionOf(inbox));
        arrivals[inbox] = last + 1;
        return new EffectArrived(effect with { Sequence = last + 1 });
    }

    private Decision DecideAndReply(Ticket ticket, Command command, ITurn turn)
    {
        var decision = command.Decide(turn);
        if (turn.IsComplete && decision.Reply is { } reply && !ticket.IsAnswered)
        {
            ticket.Client.OnEmitted(ticket, new Answer(reply, null, run.Store.Head, false));
        }

        return decision;
    }

    private static Commit WithoutOutbox(Commit commit) =>
        commit with { Writes = [.. commit.Writes.Where(write => write.Grain.Kind != GrainId.OutboxKind)] };

    private void Imagine(GrainWrite write)
    {
        if (run.Kinds[write.Grain.Kind] is not ToyKind kind)
        {
            return;
        }

        if (!imagined.TryGetValue(write.Grain, out var before))
        {
            before = new FoldedGrain(run.History.StateOf(write.Grain, write.ExpectedVersion), write.ExpectedVersion, 0, 0);
        }

        var state = before.State;
        foreach (var fact in write.Facts)
        {
            state = kind.Evolve(state, kind.DecodeFact(fact.Span));
        }

        imagined[write.Grain] = before with { State = state, Version = write.NewVersion };
    }

    private void Remember(Commit commit)
    {
        foreach (var key in commit.Ledger?.Keys ?? [])
        {
            remembered[key] = new JournalRecord(
                run.Store.Head, commit.Partition, commit.RecordedAt, commit.Writes, commit.Ledger, commit.Reminders);
        }
    }

    private void Keep(Commit commit)
    {
        foreach (var write in commit.Writes)
        {
            if (imagined.TryGetValue(write.Grain, out var state))
            {
                kept[write.Grain] = state;
            }
        }
    }
}
