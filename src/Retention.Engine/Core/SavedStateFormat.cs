using System.Buffers;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>
/// A saved state of a format other than 0 begins with one byte that says so: a control character, which no state of
/// format 0 begins with.
/// </summary>
public static class SavedStateFormat
{
    private const byte FormatsEnd = 0x20;

    public static void Begin(IGrainKind kind, IBufferWriter<byte> output)
    {
        if (kind.StateFormat is < 0 or >= FormatsEnd)
        {
            throw new InvalidOperationException($"Grains of kind {kind.Name} have no format {kind.StateFormat}.");
        }

        if (kind.StateFormat > 0) output.Write([(byte)kind.StateFormat]);
    }

    /// <summary>Whether this version of the program reads the state as it was meant.</summary>
    public static bool IsCurrent(IGrainKind kind, ReadOnlySpan<byte> saved) =>
        saved.IsEmpty || kind.StateFormat == (saved[0] < FormatsEnd ? saved[0] : 0);

    public static object Decode(IGrainKind kind, ReadOnlySpan<byte> saved) =>
        !IsCurrent(kind, saved) ? throw new InvalidOperationException($"A saved {kind.Name} is of another format.")
        : saved.IsEmpty ? kind.Initial
        : kind.DecodeState(kind.StateFormat > 0 ? saved[1..] : saved);

    /// <summary>All facts of a grain from its first, to the version of a record whose saved state is of another format.</summary>
    public static async ValueTask<GrainRecord> RefoldAsync(
        IJournal journal, GrainId grain, GrainRecord record, CancellationToken stop)
    {
        var commits = await journal.HistoryAsync(grain, long.MaxValue, int.MaxValue, stop).ConfigureAwait(false);
        var facts = commits.Reverse()
            .SelectMany(commit => commit.Writes.Where(write => write.Grain == grain).SelectMany(write => write.Facts))
            .Take((int)record.Version)
            .ToList();
        return facts.Count == record.Version
            ? new GrainRecord(0, default, facts)
            : throw new StoreDamagedException($"The journal holds {facts.Count} facts of {grain}, not {record.Version}.");
    }
}
