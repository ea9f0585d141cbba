using System.Buffers;
using System.Collections.Immutable;
using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Keeps the index behind the journal: takes up frozen generations, merges runs of the same size, folds the change log
/// and deletes what is no longer used. Each step is bounded, and the manifest names only what is complete.
/// </summary>
internal sealed class IndexWriter(StoreParts parts, BlockTable blocks, Session reader)
{
    private const int ChangesAtMost = 64;
    private readonly SqliteOptions options = parts.Options;
    private readonly Tail tail = parts.Tail;
    private Manifest manifest = parts.Manifest;
    private long nextBlock = parts.Manifest.NextBlock;
    private RunMerge? merge;

    /// <summary>True from a generation that could not be taken up for want of room until one is.</summary>
    public bool HasNoRoom { get; private set; }

    /// <summary>Does the next piece of work. False: there is none, or there is no room for it.</summary>
    /// <param name="onlyTakeUp">Leaves for later what a start does not gain from.</param>
    public bool Step(bool onlyTakeUp)
    {
        if (tail.Frozen is { } frozen)
        {
            HasNoRoom = !TakeUp(frozen);
            return !HasNoRoom;
        }

        if (onlyTakeUp)
        {
            return false;
        }

        if (merge is not null || TryStartMerge())
        {
            return Continue(merge!);
        }

        return NeedsFolding ? Fold() : manifest.Garbage.Length > 0 && Delete();
    }

    private bool NeedsFolding =>
        manifest.Changes.Length > ChangesAtMost
        || (manifest.Changes.Length > 1
            && manifest.Changes.Skip(1).Sum(x => x.Count) > 2 * Math.Max(8, manifest.Changes[0].Count));

    private bool TakeUp(Generation generation)
    {
        var first = nextBlock;
        var stored = new List<StoredBlock>();
        var grains = Build(
            stored, generation.Heads.Count, generation.Heads.Select(x => (GrainKey.Hash(x.Key), x.Value.Position)));
        var keys = Build(stored, generation.Keys.Count, generation.Keys.Select(x => (x.Key, x.Value)));
        var changes = ChangeLog.Write(nextBlock, generation, parts.Effects, manifest.Watermark);
        var changed = Reserve(changes.Count);
        stored.AddRange(changes);

        var index = tail.Index;
        var after = manifest with
        {
            Watermark = generation.Through,
            Changes = changes.Count > 0 ? manifest.Changes.Add(changed) : manifest.Changes,
        };
        var next = new StoreIndex(generation.Through, With(grains, index.Grains), With(keys, index.Keys));
        return (blocks.TryPut(stored) && Use(after, next, retire: true)) || GiveUp(first);
    }

    private SortedRun? Build(List<StoredBlock> stored, int count, IEnumerable<(UInt128 Key, long Position)> entries)
    {
        if (count == 0)
        {
            return null;
        }

        var keys = ArrayPool<UInt128>.Shared.Rent(count);
        var positions = ArrayPool<long>.Shared.Rent(count);
        var next = 0;
        foreach (var (key, position) in entries)
        {
            (keys[next], positions[next++]) = (key, position);
        }

        Array.Sort(keys, positions, 0, count);
        var builder = new RunBuilder(nextBlock, count, level: 0, options.FilterBitsPerKey);
        for (var index = 0; index < count; index++)
        {
            builder.Add(keys[index], positions[index]);
        }

        ArrayPool<UInt128>.Shared.Return(keys);
        ArrayPool<long>.Shared.Return(positions);
        var run = builder.Finish();
        Reserve(run.Place.Range.Count);
        stored.AddRange(builder.Ready);
        return run;
    }

    private bool TryStartMerge()
    {
        var index = tail.Index;
        var inputs = Candidate(index.Keys) ?? Candidate(index.Grains);
        if (inputs is null)
        {
            return false;
        }

        merge = new RunMerge(inputs, nextBlock, options.FilterBitsPerKey);
        Reserve(merge.Output.Count);
        return true;
    }

    private List<SortedRun>? Candidate(ImmutableArray<SortedRun> runs) =>
        runs.GroupBy(x => x.Place.Level).FirstOrDefault(x => x.Count() >= options.RunsPerMerge)?.ToList();

    private bool Continue(RunMerge current)
    {
        var ready = current.Step(options.BlocksPerPiece, reader);
        if (!blocks.TryPut(ready))
        {
            merge = null;
            return GiveUp(current.Output);
        }

        if (current.Result is not { } result)
        {
            return true;
        }

        merge = null;
        var index = tail.Index;
        var after = manifest with { Garbage = manifest.Garbage.AddRange(current.Inputs.Select(x => x.Place.Range)) };
        var next = index with
        {
            Grains = Replaced(index.Grains, current.Inputs, result),
            Keys = Replaced(index.Keys, current.Inputs, result),
        };
        return Use(after, next, retire: false) || GiveUp(current.Output);
    }

    private bool Fold()
    {
        var whole = ChangeLog.Read(manifest.Changes, reader).Write(nextBlock);
        var range = Reserve(whole.Count);
        var after = manifest with
        {
            Changes = whole.Count > 0 ? [range] : [],
            Garbage = manifest.Garbage.AddRange(manifest.Changes),
        };
        return (blocks.TryPut(whole) && Use(after, tail.Index, retire: false)) || GiveUp(range);
    }

    private bool Delete()
    {
        if (blocks.TryDelete(Complete(manifest, tail.Index)) is not { } after)
        {
            return false;
        }

        manifest = after;
        return true;
    }

    private bool Use(Manifest after, StoreIndex index, bool retire)
    {
        after = Complete(after, index);
        var written = merge is null ? after : after with { Garbage = after.Garbage.Add(merge.Output) };
        if (!blocks.TrySet(written))
        {
            return false;
        }

        manifest = after;
        tail.Replace(index, retire);
        return true;
    }

    private bool GiveUp(long first) => GiveUp(new BlockRange(first, nextBlock - first));

    /// <summary>There was no room for the work: what it may have written becomes garbage, and it starts anew later.</summary>
    private bool GiveUp(BlockRange written)
    {
        manifest = manifest with { Garbage = manifest.Garbage.Add(written) };
        return false;
    }

    private Manifest Complete(Manifest of, StoreIndex index) => of with
    {
        NextBlock = nextBlock,
        Grains = [.. index.Grains.Select(x => x.Place)],
        Keys = [.. index.Keys.Select(x => x.Place)],
    };

    private BlockRange Reserve(long count)
    {
        var range = new BlockRange(nextBlock, count);
        nextBlock += count;
        return range;
    }

    private static ImmutableArray<SortedRun> With(SortedRun? newest, ImmutableArray<SortedRun> runs) =>
        newest is null ? runs : runs.Insert(0, newest);

    private static ImmutableArray<SortedRun> Replaced(
        ImmutableArray<SortedRun> runs, IReadOnlyList<SortedRun> inputs, SortedRun result)
    {
        var at = runs.IndexOf(inputs[0]);
        return at < 0 ? runs : runs.RemoveRange(at, inputs.Count).Insert(at, result);
    }
}
