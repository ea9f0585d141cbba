using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>What one turn sees of its shard; notes what was seen and what was missing.</summary>
internal sealed class TurnView(GrainKinds kinds, ActiveGrains active) : ITurn
{
    private PendingTurn turn = null!;
    private Instant now;

    public Instant Time => turn.DecidedAt;

    public List<Activation> MissingGrains { get; } = [];

    public List<LedgerKey> MissingKeys { get; } = [];

    public bool IsComplete => MissingGrains.Count == 0 && MissingKeys.Count == 0;

    public void Begin(PendingTurn pending, Instant at)
    {
        turn = pending;
        now = at;
        turn.Reset();
        MissingGrains.Clear();
        MissingKeys.Clear();
    }

    public TState State<TState>(GrainId grain)
        where TState : class => (TState)See(grain).State;

    public long Version(GrainId grain) => See(grain).Version;

    public IReadOnlyList<Change>? Recorded(LedgerKey key)
    {
        if (turn.Lookups is { } lookups && lookups.TryGetValue(key, out var record))
        {
            return record is null ? null : Decode(record);
        }

        if (!MissingKeys.Contains(key))
        {
            MissingKeys.Add(key);
        }

        return null;
    }

    /// <summary>The grain as the turn may change it; noted as missing when it is not loaded.</summary>
    public Activation See(GrainId grain)
    {
        foreach (var touched in turn.Touched)
        {
            if (touched.Id == grain)
            {
                return touched;
            }
        }

        if (grain.Partition != turn.Partition)
        {
            throw new InvalidOperationException($"A turn of {turn.Partition} cannot see {grain}.");
        }

        var activation = active.GetOrAdd(grain, kinds, now);
        turn.Touched.Add(activation);
        if (!activation.IsLoaded)
        {
            MissingGrains.Add(activation);
        }

        return activation;
    }

    private List<Change> Decode(JournalRecord record)
    {
        var changes = new List<Change>();
        foreach (var write in record.Writes)
        {
            foreach (var fact in write.Facts)
            {
                changes.Add(new Change(write.Grain, kinds[write.Grain.Kind].DecodeFact(fact.Span)));
            }
        }

        return changes;
    }
}
