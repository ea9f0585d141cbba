using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Reads every page and every record of a store and names what is not as it was written: for `verify`, where time
/// matters less than certainty. Grains and keys are followed from the journal alone and then asked of the index.
/// </summary>
internal sealed class DamageScan(StoreParts parts, long head)
{
    private const int RowsAtOnce = 10_000;
    private readonly Dictionary<GrainId, Head> heads = [];
    private readonly HashSet<UInt128> keys = [];

    public IEnumerable<string> Run(Session session)
    {
        // In this order: index and snapshots are compared with what the journal was found to hold.
        Func<Session, IEnumerable<string>>[] steps = [Pages, Journal, Index, Snapshots];
        return steps.SelectMany(step => step(session));
    }

    private static List<string> Pages(Session session) => Try(() =>
    {
        using var check = session.Database.PrepareOnce("PRAGMA quick_check(20)");
        var found = new List<string>();
        while (check.Row())
        {
            if (check.Text(0) is var line and not "ok")
            {
                found.Add($"database pages: {line}");
            }
        }

        return found;
    });

    private IEnumerable<string> Journal(Session session)
    {
        for (var position = 0L; position < head;)
        {
            var from = position;
            foreach (var finding in Try(() => Records(session, from)))
            {
                yield return finding;
            }

            position = Math.Min(head, position + RowsAtOnce);
        }
    }

    private List<string> Records(Session session, long after)
    {
        var found = new List<string>();
        var limit = (int)Math.Min(RowsAtOnce, head - after);
        for (var position = after + 1; position <= after + limit; position++)
        {
            found.AddRange(Try(() => Record(position, session.JournalRow(position))));
        }

        return found;
    }

    private List<string> Record(long position, byte[] row)
    {
        var found = new List<string>();
        var cursor = JournalCodec.Open(position, row);
        while (cursor.NextWrite())
        {
            var before = heads.GetValueOrDefault(cursor.Grain);
            if ((before.Version, before.Position) != (cursor.ExpectedVersion, cursor.Previous))
            {
                found.Add($"journal record {position}: {cursor.Grain} does not continue from version {before.Version}");
            }

            heads[cursor.Grain] = new Head(cursor.ExpectedVersion + cursor.FactCount, position, 0);
        }

        var taken = new List<UInt128>();
        cursor.CollectKeys(taken);
        if (taken.Distinct().Any(key => !keys.Add(key)))
        {
            found.Add($"journal record {position}: a key is taken twice");
        }

        return found;
    }

    private IEnumerable<string> Index(Session session)
    {
        foreach (var (grain, known) in heads)
        {
            foreach (var finding in Try(() => Compare(grain, known, Lookup.HeadOf(parts.Tail, grain, session))))
            {
                yield return finding;
            }
        }

        foreach (var key in keys)
        {
            foreach (var finding in Try(() =>
                Lookup.PositionOf(parts.Tail, key, session) > 0 ? [] : ["index: a recorded key is not found"]))
            {
                yield return finding;
            }
        }
    }

    private static List<string> Compare(GrainId grain, Head known, Head indexed) =>
        (known.Version, known.Position) == (indexed.Version, indexed.Position)
            ? []
            : [$"index: {grain} stands at version {known.Version}, not {indexed.Version}"];

    private List<string> Snapshots(Session session) => Try(() =>
    {
        var found = new List<string>();
        using var rows = session.Database.PrepareOnce("SELECT grain, version, content FROM snapshot");
        while (rows.Row())
        {
            var grain = GrainKey.Parse(rows.Bytes(0));
            var (version, content) = (rows.Number(1), rows.Bytes(2).ToArray());
            found.AddRange(Try(() => Snapshot(grain, version, content)));
        }

        return found;
    });

    private List<string> Snapshot(GrainId grain, long version, byte[] content)
    {
        SnapshotRow.Open(grain, version, content);
        return version <= heads.GetValueOrDefault(grain).Version
            ? []
            : [$"snapshot: that of {grain} shows version {version}, which the journal does not reach"];
    }

    private static List<string> Try(Func<List<string>> check)
    {
        try
        {
            return check();
        }
        catch (StoreDamagedException damage)
        {
            return [damage.Message];
        }
        catch (SqliteFailure failure)
        {
            return [failure.AsRead().Message];
        }
    }
}
