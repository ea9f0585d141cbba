using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>Reads the tail of the journal into memory at a start.</summary>
internal static class Recovery
{
    private const int RowsAtOnce = 10_000;

    /// <summary>Returns the position of the last commit.</summary>
    public static long Run(StoreParts parts, Session session)
    {
        Schema.Require(session.Database, parts.Options.Directory);
        var position = parts.Tail.Index.Watermark;
        while (true)
        {
            var before = position;
            foreach (var (at, row) in session.Journal(before, RowsAtOnce))
            {
                Replay(parts, at, row);
                position = at;
            }

            if (position == before)
            {
                return position;
            }
        }
    }

    private static void Replay(StoreParts parts, long position, byte[] row)
    {
        var cursor = JournalCodec.Open(position, row);
        var heads = new Dictionary<GrainId, Head>();
        while (cursor.NextWrite())
        {
            var after = cursor.ExpectedVersion + cursor.FactCount;
            heads[cursor.Grain] = new Head(after, position, cursor.SnapshotVersion);
            parts.Effects.Note(cursor.Grain, cursor.ExpectedVersion, after, position);
        }

        var keys = new List<UInt128>();
        cursor.CollectKeys(keys);
        var reminders = new List<ReminderChange>();
        while (cursor.NextReminder(out var change))
        {
            reminders.Add(change);
            parts.Reminders.Note(change);
        }

        parts.Tail.Replay(heads, keys, reminders, position, row.Length);
        foreach (var (grain, head) in heads)
        {
            parts.Snapshots.Note(grain, head);
        }
    }
}
