using System.Collections.Immutable;
using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// What is known of the journal up to the watermark without reading it: runs from grain to its last position and from
/// ledger key to its position, newest run first.
/// </summary>
internal sealed record StoreIndex(long Watermark, ImmutableArray<SortedRun> Grains, ImmutableArray<SortedRun> Keys)
{
    public static readonly StoreIndex Empty = new(0, [], []);

    public static bool MayHold(ImmutableArray<SortedRun> runs, UInt128 key)
    {
        foreach (var run in runs)
        {
            if (run.MayHold(key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The newest position under the key, or 0.</summary>
    public static long Find(ImmutableArray<SortedRun> runs, UInt128 key, Session session)
    {
        foreach (var run in runs)
        {
            if (run.MayHold(key) && run.Find(key, session) is var position and > 0)
            {
                return position;
            }
        }

        return 0;
    }
}
