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
        var manifest = session.Manifest();
        if (session.LastPosition() < manifest.Watermark)
        {
            throw new StoreDamagedException($"Journal record {manifest.Watermark} is missing.");
        }

        Restore(parts, session, manifest);
        var position = manifest.Watermark;
        var replay = new Replay(parts);
        while (true)
        {
            var before = position;
            foreach (var (at, row) in session.Journal(before, RowsAtOnce))
            {
                replay.TakeUp(at, row);
                position = at;
            }

            if (position == before)
            {
                return position;
            }
        }
    }

    private static void Restore(StoreParts parts, Session session, Manifest manifest)
    {
        parts.Tail.Restore(new StoreIndex(
            manifest.Watermark,
            [.. manifest.Grains.Select(x => RunBuilder.Load(x, session))],
            [.. manifest.Keys.Select(x => RunBuilder.Load(x, session))]));
        var changes = ChangeLog.Read(manifest.Changes, session);
        parts.Reminders.Restore(changes.Reminders);
        foreach (var (edge, received, sent) in changes.Edges)
        {
            parts.Effects.Restore(edge, received, sent);
        }

        parts.Manifest = WithoutLeftOvers(manifest, session.LastBlock());
    }

    /// <summary>Blocks beyond the manifest's are of work that a stop cut short.</summary>
    private static Manifest WithoutLeftOvers(Manifest manifest, long lastBlock) => lastBlock < manifest.NextBlock
        ? manifest
        : manifest with
        {
            NextBlock = lastBlock + 1,
            Garbage = manifest.Garbage.Add(new BlockRange(manifest.NextBlock, lastBlock + 1 - manifest.NextBlock)),
        };

    /// <summary>Takes up rows of the tail, a hundred thousand of them perhaps, in the same few collections.</summary>
    private sealed class Replay(StoreParts parts)
    {
        private readonly Dictionary<GrainId, Head> heads = [];
        private readonly List<UInt128> keys = [];
        private readonly List<ReminderChange> reminders = [];

        public void TakeUp(long position, byte[] row)
        {
            heads.Clear();
            keys.Clear();
            reminders.Clear();
            var cursor = JournalCodec.Open(position, row);
            while (cursor.NextWrite())
            {
                var after = cursor.ExpectedVersion + cursor.FactCount;
                heads[cursor.Grain] = new Head(after, position, cursor.SnapshotVersion);
                parts.Effects.Note(cursor.Grain, cursor.ExpectedVersion, after, position);
            }

            cursor.CollectKeys(keys);
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
}
