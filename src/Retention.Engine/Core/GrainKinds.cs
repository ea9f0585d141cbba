using System.Buffers;
using NodaTime;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>The kinds of grain that the product has, and the two that the engine adds for effects.</summary>
public sealed class GrainKinds
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? encoded;

    private readonly Dictionary<string, IGrainKind> byName = [];

    public GrainKinds(IEnumerable<IGrainKind> kinds)
    {
        byName[GrainId.OutboxKind] = new CountingKind(GrainId.OutboxKind);
        byName[GrainId.InboxKind] = new CountingKind(GrainId.InboxKind);
        foreach (var kind in kinds)
        {
            byName.Add(kind.Name, kind);
        }
    }

    public IGrainKind this[string name] => byName.TryGetValue(name, out var kind)
        ? kind
        : throw new InvalidOperationException($"No grain kind is called {name}.");

    public FoldedGrain Fold(GrainId grain, Ports.GrainRecord record, FoldedGrain? known = null) =>
        FoldedGrain.Of(this[grain.Kind], record, known);

    /// <summary>Whether the record's saved state, if it has one, is of the format that this program reads.</summary>
    public bool IsCurrent(GrainId grain, Ports.GrainRecord record) =>
        SavedStateFormat.IsCurrent(this[grain.Kind], record.Snapshot.Span);

    public Ports.Snapshot Encode(KeptState kept)
    {
        var bytes = encoded ??= new ArrayBufferWriter<byte>(4096);
        bytes.ResetWrittenCount();
        var kind = this[kept.Grain.Kind];
        SavedStateFormat.Begin(kind, bytes);
        kind.EncodeState(kept.State, bytes);
        return new Ports.Snapshot(kept.Grain, kept.Version, bytes.WrittenSpan.ToArray());
    }

    /// <summary>A grain whose version is all its state: the last sequence of an edge between two partitions.</summary>
    private sealed class CountingKind(string name) : IGrainKind
    {
        private static readonly object Nothing = new();

        public string Name => name;

        public object Initial => Nothing;

        public object Evolve(object state, object fact) => Nothing;

        public void EncodeFact(object fact, IBufferWriter<byte> output) => output.Write(((ReadOnlyMemory<byte>)fact).Span);

        public object DecodeFact(ReadOnlySpan<byte> bytes) => Nothing;

        public void EncodeState(object state, IBufferWriter<byte> output)
        {
        }

        public object DecodeState(ReadOnlySpan<byte> bytes) => Nothing;

        public Decision Remind(ITurn turn, GrainId grain, string name, Instant dueAt) => Decision.Silent();
    }
}
