using System.Buffers;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage;
using Retention.Storage.Sqlite;

namespace Retention.Server.Verify;

/// <summary>
/// Lets the laws judge folded states, on all processors. Of each grain the store must find the last commit, and of some
/// the whole state.
/// </summary>
internal sealed class StateJudge(
    IAuditedStore? store, GrainKinds kinds, NaiveLaws naive, DifferenceList differences)
{
    private const int GrainsPerRange = 500;

    /// <summary>
    /// Grains of a part that are loaded. A saved state was compared where it was saved, so these try the way there.
    /// </summary>
    private const int LoadedMax = 5_000;

    public async Task JudgeAsync(FoldedPart part, Action<string, long, long> onProgress, CancellationToken stop)
    {
        var done = 0L;
        var loadedEvery = part.Grains.Count / LoadedMax + 1;
        var ranges = Enumerable.Range(0, (part.Grains.Count + GrainsPerRange - 1) / GrainsPerRange);
        var settings = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = stop };
        await Parallel.ForEachAsync(ranges, settings, async (range, cancellation) =>
        {
            var grains = part.Grains.Skip(range * GrainsPerRange).Take(GrainsPerRange).ToArray();
            if (store is not null) await FindAsync(store, grains, cancellation);
            foreach (var (index, grain) in grains.Index())
            {
                var loads = (range * GrainsPerRange + index) % loadedEvery == 0;
                await JudgeAsync(part, grain, loads ? store : null, cancellation);
            }

            onProgress("grains", Interlocked.Add(ref done, grains.Length), part.Grains.Count);
        });
    }

    private async Task FindAsync(IAuditedStore from, FoldedPart.FoldedGrain[] grains, CancellationToken stop)
    {
        try
        {
            var positions = await from.PositionsAsync([.. grains.Select(grain => grain.Grain)], stop);
            foreach (var (grain, found) in grains.Zip(positions))
            {
                if (found == grain.Position) continue;
                differences.Add(new Difference(grain.Grain, "index", string.Create(
                    null, $"the store finds its last record at {found}, it is {grain.Position}")));
            }
        }
        catch (StoreDamagedException damage) when (grains.Length == 1)
        {
            differences.Add(new Difference(grains[0].Grain, "index", damage.Message));
        }
        catch (StoreDamagedException)
        {
            foreach (var grain in grains)
            {
                await FindAsync(from, [grain], stop);
            }
        }
    }

    private async ValueTask JudgeAsync(
        FoldedPart part, FoldedPart.FoldedGrain grain, IAuditedStore? from, CancellationToken stop)
    {
        var state = part.StateOf(grain);
        try
        {
            if (from is not null) Compare(grain, state, (await from.LoadAsync([grain.Grain], stop))[0]);
            naive.Judge(grain.Grain, state);
        }
        catch (Exception e) when (NaiveLaws.IsBrokenContent(e))
        {
            var detail = e is StoreDamagedException ? e.Message : $"cannot be read ({e.GetType().Name})";
            differences.Add(new Difference(grain.Grain, "store", detail));
        }
    }

    // What the store itself gives for the grain, by its index, saved state and tail, must be the same.
    private void Compare(FoldedPart.FoldedGrain grain, ReadOnlyMemory<byte> state, GrainRecord record)
    {
        if (record.Version != grain.Version)
        {
            differences.Add(new Difference(grain.Grain, "versions", string.Create(
                null, $"the store finds version {record.Version}, the journal {grain.Version}")));
            return;
        }

        // A saved state of another format is never read.
        if (!kinds.IsCurrent(grain.Grain, record)) return;

        var given = new ArrayBufferWriter<byte>();
        kinds[grain.Grain.Kind].EncodeState(kinds.Fold(grain.Grain, record).State, given);
        if (!given.WrittenSpan.SequenceEqual(state.Span))
        {
            differences.Add(new Difference(
                grain.Grain, "snapshot", "the saved state and its tail do not give the journal's state"));
        }
    }
}
