using NodaTime;

namespace Retention.Kernel;

/// <summary>One fact about one grain. Facts of a decision are applied in their order.</summary>
public readonly record struct Change(GrainId Grain, object Fact)
{
    /// <summary>The state that the decider has folded the fact into already, if it has.</summary>
    public object? Seen { get; init; }

    /// <summary>What came of it: taken as it is where the grain still stands as it was seen.</summary>
    public object? Folded { get; init; }
}

/// <summary>A message to another partition: sent in the decision's own commit, applied there exactly once and in order.</summary>
public sealed record Effect(PartitionId To, string Name, ReadOnlyMemory<byte> Payload);

/// <summary>Wakes a grain at a moment (inclusive); a null moment cancels. One per grain and name.</summary>
public sealed record ReminderChange(GrainId Grain, string Name, Instant? DueAt);

/// <summary>
/// What a turn came to: a refusal, which changes nothing, or a reply with facts, effects and reminders
/// that become durable together before the reply leaves.
/// </summary>
public sealed class Decision
{
    private List<Change>? changes;
    private List<Effect>? effects;
    private List<ReminderChange>? reminders;

    private Decision(object? reply, Refusal? refusal)
    {
        Reply = reply;
        Refusal = refusal;
    }

    public object? Reply { get; private set; }

    public Refusal? Refusal { get; }

    public IReadOnlyList<Change> Changes => changes ?? (IReadOnlyList<Change>)[];

    public IReadOnlyList<Effect> Effects => effects ?? (IReadOnlyList<Effect>)[];

    public IReadOnlyList<ReminderChange> Reminders => reminders ?? (IReadOnlyList<ReminderChange>)[];

    /// <summary>True when nothing needs to be stored but, at most, the reply.</summary>
    public bool ChangesNothing => changes is null && effects is null && reminders is null;

    public static implicit operator Decision(Refusal refusal) => new(null, refusal);

    public static Decision Refuse(Refusal refusal) => new(null, refusal);

    public static Decision With(object reply) => new(reply, null);

    /// <summary>A decision without a reply: what an effect or a reminder asks for.</summary>
    public static Decision Silent() => new(null, null);

    public Decision Change(GrainId grain, object fact) => Change(grain, fact, null, null);

    /// <summary>A change whose outcome the decider needed itself, so that it is not folded a second time.</summary>
    public Decision Change(GrainId grain, object fact, object? seen, object? folded)
    {
        (changes ??= new(1)).Add(new Change(grain, fact) { Seen = seen, Folded = folded });
        return this;
    }

    public Decision Change(GrainId grain, IEnumerable<object> facts)
    {
        foreach (var fact in facts)
        {
            Change(grain, fact);
        }

        return this;
    }

    public Decision Send(Effect effect)
    {
        (effects ??= []).Add(effect);
        return this;
    }

    public Decision Remind(GrainId grain, string name, Instant? dueAt)
    {
        (reminders ??= []).Add(new ReminderChange(grain, name, dueAt));
        return this;
    }

    public Decision Answer(object reply)
    {
        Reply = reply;
        return this;
    }
}
