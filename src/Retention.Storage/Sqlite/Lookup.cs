using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>Heads and keys from memory or, where memory has none, from the index on disk.</summary>
internal static class Lookup
{
    /// <summary>
    /// Asks several questions over one state of the database: that of the first question which is not answered from memory.
    /// The index may be replaced meanwhile, and then names blocks that this state does not have yet or has no longer: they
    /// are all asked again. A block that is missing from the index of before and after is damage.
    /// </summary>
    public static T Ask<T>(Tail tail, Session session, Func<Session, T> questions)
    {
        while (true)
        {
            var before = tail.Index;
            try
            {
                return session.Within(questions);
            }
            catch (BlockGoneException) when (!ReferenceEquals(before, tail.Index))
            {
            }
        }
    }

    public static Head HeadOf(Tail tail, GrainId grain, Session session)
    {
        if (tail.TryHead(grain, out var head, out var index, out var mark))
        {
            return head;
        }

        var position = StoreIndex.Find(index.Grains, GrainKey.Hash(grain), session);
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
            : StoreIndex.Find(index.Grains, GrainKey.Hash(grain), session);

    /// <summary>The position of the commit that took the key, or 0.</summary>
    public static long PositionOf(Tail tail, UInt128 key, Session session) =>
        tail.TryKey(key, out var position, out var index)
            ? position
            : StoreIndex.Find(index.Keys, key, session);

    private static Head HeadAt(long position, GrainId grain, Session session)
    {
        var cursor = session.Open(position);
        return cursor.NextWrite(grain)
            ? new Head(cursor.ExpectedVersion + cursor.FactCount, position, cursor.SnapshotVersion)
            : throw new StoreDamagedException(
                $"Journal record {position} does not hold {grain}, which the index puts there.");
    }
}
