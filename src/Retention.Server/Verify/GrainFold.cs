using System.Buffers;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// The state of each grain of one part of the store, folded fact by fact from the first. Where a saved state exists,
/// it is compared with the fold at the very version that it claims to show.
/// </summary>
internal sealed class GrainFold(GrainKinds kinds, DifferenceList differences)
{
    private readonly Dictionary<GrainId, Entry> grains = [];

    public IEnumerable<GrainId> Grains => grains.Keys;

    public void Expect(GrainId grain, long version, ReadOnlyMemory<byte> state)
    {
        var entry = EntryOf(grain);
        entry.SavedVersion = version;
        entry.Saved = state;
    }

    public void Take(GrainWrite write, long position)
    {
        var entry = EntryOf(write.Grain);
        if (!entry.IsBroken && write.ExpectedVersion != entry.Version)
        {
            var detail = $"record {position} goes on from version {write.ExpectedVersion}, it is {entry.Version}";
            Break(write.Grain, entry, "versions", detail);
        }

        foreach (var fact in write.Facts)
        {
            if (entry.IsBroken) return;
            try
            {
                var kind = kinds[write.Grain.Kind];
                entry.State = kind.Evolve(entry.State ?? kind.Initial, kind.DecodeFact(fact.Span));
                entry.Version++;
                CompareSaved(write.Grain, entry);
            }
            catch (Exception e) when (NaiveLaws.IsBrokenContent(e))
            {
                Break(write.Grain, entry, "fold", $"the fact of journal record {position} does not follow");
            }
        }
    }

    /// <summary>Tells of saved states that no fact led to.</summary>
    public void End()
    {
        foreach (var (grain, entry) in grains)
        {
            if (!entry.IsBroken && entry.SavedVersion > entry.Version)
            {
                differences.Add(new Difference(grain, "snapshot", string.Create(
                    null, $"a state of version {entry.SavedVersion} is saved, the journal ends at {entry.Version}")));
            }
        }
    }

    public long VersionOf(GrainId grain) => grains[grain].Version;

    /// <summary>Whether a saved state exists, so that the store's own answer is not the journal alone.</summary>
    public bool WasSaved(GrainId grain) => grains[grain].SavedVersion > 0;

    public bool IsBroken(GrainId grain) => grains[grain].IsBroken;

    public ReadOnlyMemory<byte> StateOf(GrainId grain) => Encode(grain, grains[grain].State);

    /// <summary>
    /// What the store itself gives for the grain, by its index, saved state and tail, must be the same.
    /// </summary>
    public void Compare(GrainId grain, GrainRecord record)
    {
        var entry = grains[grain];
        if (record.Version != entry.Version)
        {
            differences.Add(new Difference(grain, "versions", string.Create(
                null, $"the store finds version {record.Version}, the journal {entry.Version}")));
        }
        else if (!Encode(grain, kinds.Fold(grain, record).State).Span.SequenceEqual(StateOf(grain).Span))
        {
            differences.Add(new Difference(
                grain, "snapshot", "the saved state and its tail do not give the journal's state"));
        }
    }

    private void CompareSaved(GrainId grain, Entry entry)
    {
        if (entry.Saved is not { } saved || entry.SavedVersion != entry.Version) return;

        // Decoded and encoded again: a field that this version of the program has added counts as its default.
        var kind = kinds[grain.Kind];
        var known = saved.IsEmpty ? kind.Initial : kind.DecodeState(saved.Span);
        if (!Encode(grain, known).Span.SequenceEqual(Encode(grain, entry.State).Span))
        {
            differences.Add(new Difference(
                grain, "snapshot", $"the state saved at version {entry.Version} is not the journal's"));
        }

        entry.Saved = null;
    }

    private ReadOnlyMemory<byte> Encode(GrainId grain, object? state)
    {
        var kind = kinds[grain.Kind];
        var bytes = new ArrayBufferWriter<byte>();
        kind.EncodeState(state ?? kind.Initial, bytes);
        return bytes.WrittenMemory;
    }

    private Entry EntryOf(GrainId grain)
    {
        if (!grains.TryGetValue(grain, out var entry)) grains[grain] = entry = new Entry();
        return entry;
    }

    private void Break(GrainId grain, Entry entry, string law, string detail)
    {
        entry.IsBroken = true;
        differences.Add(new Difference(grain, law, detail));
    }

    private sealed class Entry
    {
        public object? State { get; set; }

        public long Version { get; set; }

        public long SavedVersion { get; set; }

        public ReadOnlyMemory<byte>? Saved { get; set; }

        public bool IsBroken { get; set; }
    }
}
