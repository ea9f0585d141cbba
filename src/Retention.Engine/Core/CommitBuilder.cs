using System.Buffers;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>Applies a decision to the grains in memory and makes the commit that says the same to the store.</summary>
internal sealed class CommitBuilder(TurnView view, ActiveGrains active)
{
    private readonly ArrayBufferWriter<byte> buffer = new(4096);
    private readonly List<Draft> drafts = [];

    /// <summary>
    /// Null when there is nothing to store. Incomplete views leave everything as it was. All encoding and folding is
    /// done before the first grain changes, so that an invariant that breaks on the way changes nothing.
    /// </summary>
    public Commit? Build(PendingTurn turn, Decision decision, long sequence, bool sharedStore)
    {
        drafts.Clear();
        for (var index = 0; index < decision.Changes.Count; index++)
        {
            Append(decision.Changes[index]);
        }

        var effects = Number(turn, decision.Effects);
        if (turn.Effect is { } received)
        {
            var inbox = new GrainId(turn.Partition, GrainId.InboxKind, received.From.Value);
            Append(new Change(inbox, (ReadOnlyMemory<byte>)Array.Empty<byte>()));
        }

        if (!view.IsComplete)
        {
            return null;
        }

        var ledger = Keep(turn, decision);
        var reminders = Reminders(turn, decision);
        if (drafts.Count == 0 && ledger is null && reminders.Count == 0)
        {
            return sharedStore && turn.Touched.Count > 0 ? CheckOnly(turn) : null;
        }

        turn.Effects = effects;
        turn.Sequence = sequence;
        var checks = Checks(turn);
        turn.Written = sharedStore && drafts.Count > 0 ? new object[drafts.Count] : null;
        return new Commit(turn.Partition, turn.DecidedAt, Apply(turn), checks, ledger, reminders);
    }

    public Commit CheckOnly(PendingTurn turn)
    {
        drafts.Clear();
        turn.IsCheckOnly = true;
        return new Commit(turn.Partition, turn.DecidedAt, [], Checks(turn), null, []);
    }

    private void Append(in Change change)
    {
        var activation = view.See(change.Grain);
        if (!view.IsComplete)
        {
            return;
        }

        var draft = DraftOf(activation);
        draft.State = change.Folded is { } folded && ReferenceEquals(change.Seen, draft.State)
            ? folded
            : activation.Kind.Evolve(draft.State, change.Fact);
        buffer.ResetWrittenCount();
        activation.Kind.EncodeFact(change.Fact, buffer);
        draft.Facts.Add(buffer.WrittenSpan.ToArray());
    }

    private Draft DraftOf(Activation activation)
    {
        foreach (var draft in drafts)
        {
            if (draft.Activation == activation)
            {
                return draft;
            }
        }

        var added = new Draft(activation) { State = activation.State };
        drafts.Add(added);
        return added;
    }

    private List<SentEffect>? Number(PendingTurn turn, IReadOnlyList<Effect> effects)
    {
        if (effects.Count == 0)
        {
            return null;
        }

        var numbered = new List<SentEffect>(effects.Count);
        foreach (var effect in effects)
        {
            var outbox = new GrainId(turn.Partition, GrainId.OutboxKind, effect.To.Value);
            var fact = EffectCodec.Encode(effect);
            Append(new Change(outbox, fact));
            if (view.IsComplete)
            {
                var draft = DraftOf(view.See(outbox));
                var sequence = draft.Activation.Version + draft.Facts.Count;
                numbered.Add(new SentEffect(turn.Partition, effect.To, sequence, fact));
            }
        }

        return numbered;
    }

    private static LedgerWrite? Keep(PendingTurn turn, Decision decision)
    {
        if (turn.Command is not { } command)
        {
            return null;
        }

        turn.Shaped = decision.Reply is { } reply && command.Format is { } format ? format.Shape(reply) : decision.Reply;
        if (command.Keys.Count == 0)
        {
            return null;
        }

        var keys = new LedgerKey[command.Keys.Count];
        for (var index = 0; index < keys.Length; index++)
        {
            keys[index] = command.Keys[index].Key;
        }

        var bytes = command.Format is null || turn.Shaped is null ? default : command.Format.Encode(turn.Shaped);
        return new LedgerWrite(keys, command.Content, command.Format?.Name ?? "", bytes);
    }

    private static IReadOnlyList<ReminderChange> Reminders(PendingTurn turn, Decision decision)
    {
        if (turn.Reminder is not { } fired)
        {
            return decision.Reminders;
        }

        // The one that fired is spent, unless the decision sets it anew.
        foreach (var change in decision.Reminders)
        {
            if (change.Grain == fired.Grain && change.Name == fired.Name)
            {
                return decision.Reminders;
            }
        }

        return [.. decision.Reminders, new ReminderChange(fired.Grain, fired.Name, null)];
    }

    private List<GrainCheck> Checks(PendingTurn turn)
    {
        var checks = new List<GrainCheck>(turn.Touched.Count);
        foreach (var activation in turn.Touched)
        {
            if (!IsDrafted(activation))
            {
                checks.Add(new GrainCheck(activation.Id, activation.Version));
            }
        }

        return checks;
    }

    private bool IsDrafted(Activation activation)
    {
        foreach (var draft in drafts)
        {
            if (draft.Activation == activation)
            {
                return true;
            }
        }

        return false;
    }

    private GrainWrite[] Apply(PendingTurn turn)
    {
        var writes = new GrainWrite[drafts.Count];
        for (var index = 0; index < writes.Length; index++)
        {
            var draft = drafts[index];
            var activation = draft.Activation;
            writes[index] = new GrainWrite(activation.Id, activation.Version, draft.Facts);
            activation.State = draft.State;
            if (turn.Written is { } written) written[index] = draft.State;
            activation.Version += draft.Facts.Count;
            activation.LastWriter = turn;
            foreach (var fact in draft.Facts)
            {
                active.Grow(activation, fact.Length);
            }
        }

        return writes;
    }

    private sealed class Draft(Activation activation)
    {
        public Activation Activation { get; } = activation;

        public object State { get; set; } = activation.State;

        public List<ReadOnlyMemory<byte>> Facts { get; } = new(1);
    }
}
