using System.Collections.Immutable;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>Heads and keys from memory or, where memory has none, from the index on disk.</summary>
internal static class Lookup
{
    public static Head HeadOf(Tail tail, GrainId grain, Session session)
    {
        if (tail.TryHead(grain, out var head, out var index, out var mark))
        {
            return head;
        }

        var hash = GrainKey.Hash(grain);
        var position = Find(tail, index, static x => x.Grains, hash, session);
        if (position == 0)
        {
            return default;
        }

        head = HeadAt(position, grain, session);
        tail.Keep(grain, head, mark);
        return head;
    }

    /// <summary>The position of the commit that wrote the grain last, or 0. Does not read that commit.</summary>
    public static long PositionOf(Tail tail, GrainId grain, Session session) =>
        tail.TryHead(grain, out var head, out var index, out _)
            ? head.Position
            : Find(tail, index, static x => x.Grains, GrainKey.Hash(grain), session);

    /// <summary>The position of the commit that took the key, or 0.</summary>
    public static long PositionOf(Tail tail, UInt128 key, Session session) =>
        tail.TryKey(key, out var position, out var index)
            ? position
            : Find(tail, index, static x => x.Keys, key, session);

    private static long Find(
        Tail tail, StoreIndex index, Func<StoreIndex, ImmutableArray<SortedRun>> runs, UInt128 key, Session session)
    {
        while (true)
        {
            try
            {
                return StoreIndex.Find(runs(index), key, session);
            }
            catch (BlockGoneException gone)
            {
                // A merge may have replaced the run between the two looks; otherwise the block was lost.
                var now = tail.Index;
                index = ReferenceEquals(now, index) ? throw gone.AsDamage : now;
            }
        }
    }

    private static Head HeadAt(long position, GrainId grain, Session session)
    {
        var cursor = JournalCodec.Open(position, session.JournalRow(position));
        while (cursor.NextWrite())
        {
            if (cursor.Grain == grain)
            {
                return new Head(cursor.ExpectedVersion + cursor.FactCount, position, cursor.SnapshotVersion);
            }
        }

        throw new StoreDamagedException($"Journal record {position} does not hold {grain}, which the index puts there.");
    }
}
