using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>Puts a grain together from its snapshot and the chain of its commits, and walks its history.</summary>
internal static class GrainReader
{
    public static GrainRecord Load(Tail tail, GrainId grain, Session session)
    {
        var head = Lookup.HeadOf(tail, grain, session);
        if (head.Version == 0)
        {
            return GrainRecord.None;
        }

        var (version, state) = session.Snapshot(grain);
        if (version > head.SnapshotVersion)
        {
            tail.NoteSnapshot(grain, version);
        }

        // A snapshot newer than the head was written since the head was looked up. It was true then.
        return new GrainRecord(version, state, version >= head.Version ? [] : Facts(grain, head, version, session));
    }

    /// <summary>Commits that wrote the grain, newest first, from the position on.</summary>
    public static IEnumerable<JournalRecord> Walk(GrainId grain, long position, Session session)
    {
        while (position > 0)
        {
            var row = session.JournalRow(position);
            yield return JournalCodec.Decode(position, row);
            position = LinkOf(grain, position, row).Previous;
        }
    }

    /// <summary>
    /// Likewise before a position (exclusive). Pages go on from the commit where the page before ended, which wrote the
    /// grain: from there the walk goes on at once, from anywhere else it begins at the head.
    /// </summary>
    public static IEnumerable<JournalRecord> WalkBefore(GrainId grain, long before, long head, Session session)
    {
        if (before > head) return Walk(grain, head, session);
        return before > 0 && FindLink(grain, before, session.JournalRow(before)) is { } link
            ? Walk(grain, link.Previous, session)
            : Walk(grain, head, session).SkipWhile(record => record.Position >= before);
    }

    public static (long ExpectedVersion, int FactCount, long Previous) LinkOf(GrainId grain, long position, byte[] row) =>
        FindLink(grain, position, row) ?? throw Gap(grain, position);

    private static (long ExpectedVersion, int FactCount, long Previous)? FindLink(GrainId grain, long position, byte[] row)
    {
        var cursor = JournalCodec.Open(position, row);
        return cursor.NextWrite(grain) ? (cursor.ExpectedVersion, cursor.FactCount, cursor.Previous) : null;
    }

    private static ReadOnlyMemory<byte>[] Facts(GrainId grain, Head head, long after, Session session)
    {
        var facts = new ReadOnlyMemory<byte>[head.Version - after];
        var (version, position) = (head.Version, head.Position);
        while (version > after)
        {
            var cursor = session.Open(position);
            if (!cursor.NextWrite(grain) || cursor.ExpectedVersion + cursor.FactCount != version)
            {
                throw Gap(grain, position);
            }

            var at = cursor.ExpectedVersion - after;
            version = cursor.ExpectedVersion;
            position = cursor.Previous;
            for (; cursor.FactsLeft > 0; at++)
            {
                var fact = cursor.NextFact();
                if (at >= 0)
                {
                    facts[at] = fact.ToArray();
                }
            }
        }

        return facts;
    }

    private static StoreDamagedException Gap(GrainId grain, long position) =>
        new($"The versions of {grain} are not contiguous at journal record {position}.");
}
