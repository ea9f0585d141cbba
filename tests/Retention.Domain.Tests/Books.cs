using System.Buffers;
using NodaTime;
using Retention.Kernel;

namespace Retention.Domain.Tests;

/// <summary>
/// A small, obedient platform: turns decide on states folded from stored bytes, keys are taken once,
/// and effects wait until they are delivered. What the engine does for real, without threads or crashes.
/// </summary>
public sealed class Books
{
    private readonly Dictionary<string, IGrainKind> kinds = Registry.Default.Kinds.ToDictionary(kind => kind.Name);
    private readonly Dictionary<GrainId, (object State, long Version)> grains = [];
    private readonly Dictionary<LedgerKey, (object? Reply, IReadOnlyList<Change> Facts)> ledger = [];
    private readonly Queue<(PartitionId From, Effect Effect)> waiting = [];

    /// <summary>The node's clock.</summary>
    public Instant Time { get; set; } = Instant.FromUtc(2017, 1, 1, 17, 0);

    /// <summary>Every fact in the order of its commit, as it was read back from its bytes.</summary>
    public List<Change> Journal { get; } = [];

    /// <summary>Effects delivered or waiting, in the order in which they were sent.</summary>
    public List<Effect> Sent { get; } = [];

    public TState State<TState>(GrainId grain)
        where TState : class => (TState)Load(grain).State;

    public void Given(GrainId grain, params object[] facts)
    {
        foreach (var fact in facts)
        {
            Apply(new Change(grain, fact));
        }
    }

    /// <summary>Asks once under the keys given: who finds one of them taken gets the first reply.</summary>
    public Decision Ask(Func<ITurn, Decision> decide, params LedgerKey[] keys)
    {
        foreach (var key in keys)
        {
            if (ledger.TryGetValue(key, out var first)) return Decision.With(first.Reply!);
        }

        var decision = decide(new Turn(this));
        if (decision.Refusal is not null) return decision;

        var partitions = decision.Changes.Select(change => change.Grain.Partition).Distinct().ToList();
        Assert.True(partitions.Count <= 1, "A turn changed grains of several partitions.");
        var facts = decision.Changes.Select(Apply).ToList();
        foreach (var effect in decision.Effects)
        {
            Sent.Add(effect);
            waiting.Enqueue((partitions.Single(), effect));
        }

        foreach (var key in keys)
        {
            ledger.Add(key, (decision.Reply, facts));
        }

        return decision;
    }

    /// <summary>The reply of a turn that must not refuse.</summary>
    public TReply Granted<TReply>(Func<ITurn, Decision> decide, params LedgerKey[] keys)
    {
        var decision = Ask(decide, keys);
        Assert.Null(decision.Refusal);
        return Assert.IsType<TReply>(decision.Reply, exactMatch: false);
    }

    /// <summary>The refusal of a turn, which must change nothing.</summary>
    public Refusal Refused(Func<ITurn, Decision> decide, params LedgerKey[] keys)
    {
        var before = Journal.Count;
        var decision = Ask(decide, keys);
        Assert.NotNull(decision.Refusal);
        Assert.Equal(before, Journal.Count);
        return decision.Refusal;
    }

    /// <summary>Delivers every waiting effect and what they cause.</summary>
    public void Deliver()
    {
        while (waiting.TryDequeue(out var sent))
        {
            Deliver(sent.From, sent.Effect);
        }
    }

    public void Deliver(PartitionId from, Effect effect) =>
        Ask(turn => Registry.Default.Decide(turn, from, effect.To, effect.Name, effect.Payload));

    public void Send(PartitionId from, IEnumerable<Effect> effects)
    {
        foreach (var effect in effects)
        {
            Sent.Add(effect);
            waiting.Enqueue((from, effect));
        }
    }

    private Change Apply(Change change)
    {
        var kind = kinds[change.Grain.Kind];
        var (state, version) = Load(change.Grain);
        var stored = new ArrayBufferWriter<byte>();
        kind.EncodeFact(change.Fact, stored);
        var fact = kind.DecodeFact(stored.WrittenSpan);
        var next = new ArrayBufferWriter<byte>();
        kind.EncodeState(kind.Evolve(state, fact), next);
        grains[change.Grain] = (kind.DecodeState(next.WrittenSpan), version + 1);
        Journal.Add(change with { Fact = fact });
        return change with { Fact = fact };
    }

    private (object State, long Version) Load(GrainId grain) =>
        grains.TryGetValue(grain, out var found) ? found : (kinds[grain.Kind].Initial, 0);

    private sealed class Turn(Books books) : ITurn
    {
        public Instant Time => books.Time;

        public bool IsComplete => true;

        public TState State<TState>(GrainId grain)
            where TState : class => books.State<TState>(grain);

        public long Version(GrainId grain) => books.Load(grain).Version;

        public IReadOnlyList<Change>? Recorded(LedgerKey key) =>
            books.ledger.TryGetValue(key, out var found) ? found.Facts : null;
    }
}
