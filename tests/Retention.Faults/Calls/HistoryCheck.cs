namespace Retention.Faults.Calls;

/// <summary>One answered call, as the client saw it and as the journal placed it.</summary>
/// <param name="Change">Millipoints that it books; 0 for a read.</param>
/// <param name="Shown">The balance that its reply showed.</param>
/// <param name="Position">Of the commit; for a read the position that its reply named.</param>
internal sealed record Event(
    string Id, string Customer, bool IsRead, long Change, long Shown, long Position, long Began, long Ended);

/// <summary>
/// K1: whether one order explains what all clients were told. The journal gives the order, so nothing is searched: per
/// customer the writes are replayed by position, each reply must show the sum so far, and what ended before another call
/// began must stand before it.
/// </summary>
internal static class HistoryCheck
{
    public static List<string> Run(IEnumerable<Event> history)
    {
        var anomalies = new List<string>();
        foreach (var customer in history.GroupBy(x => x.Customer))
        {
            var writes = customer.Where(x => !x.IsRead).OrderBy(x => x.Position).ToArray();
            var sums = Replay(writes, anomalies);
            RealTime(writes, anomalies);
            foreach (var read in customer.Where(x => x.IsRead)) Read(read, writes, sums, anomalies);
            Sessions(customer.Where(x => x.IsRead), writes, sums, anomalies);
        }

        return anomalies;
    }

    private static long[] Replay(Event[] writes, List<string> anomalies)
    {
        var sums = new long[writes.Length + 1];
        for (var index = 0; index < writes.Length; index++)
        {
            var write = writes[index];
            sums[index + 1] = sums[index] + write.Change;
            if (write.Position <= 0) anomalies.Add($"{write.Id} is acknowledged and in no commit");
            if (index > 0 && writes[index - 1].Position == write.Position) anomalies.Add($"{write.Id} shares its commit");
            if (write.Shown != sums[index + 1])
            {
                anomalies.Add($"{write.Id} showed {write.Shown}, the books of {write.Customer} say {sums[index + 1]}");
            }

            if (sums[index + 1] < 0) anomalies.Add($"{write.Id} takes {write.Customer} below zero");
        }

        return sums;
    }

    // From the end: none may stand before one that ended before it began.
    private static void RealTime(Event[] writes, List<string> anomalies)
    {
        var earliestEnd = long.MaxValue;
        for (var index = writes.Length - 1; index >= 0; index--)
        {
            if (writes[index].Began > earliestEnd) anomalies.Add($"{writes[index].Id} began after a later commit had ended");
            earliestEnd = Math.Min(earliestEnd, writes[index].Ended);
        }
    }

    private static void Read(Event read, Event[] writes, long[] sums, List<string> anomalies)
    {
        // Not older than what had ended, not newer than what had begun.
        var from = Array.FindLastIndex(writes, x => x.Ended < read.Began) + 1;
        var to = Array.FindLastIndex(writes, x => x.Began < read.Ended) + 1;
        var at = Enumerable.Range(from, Math.Max(0, to - from + 1)).Where(index => sums[index] == read.Shown).ToArray();
        if (at.Length == 0)
        {
            anomalies.Add($"{read.Id} showed {read.Shown} of {read.Customer}, which no moment of it explains");
        }
        else if (at[0] > 0 && writes[at[0] - 1].Position > read.Position)
        {
            anomalies.Add($"{read.Id} showed more than its position {read.Position} includes");
        }
    }

    // One read after another never shows an older state.
    private static void Sessions(IEnumerable<Event> reads, Event[] writes, long[] sums, List<string> anomalies)
    {
        var (least, ended) = (0, long.MinValue);
        foreach (var read in reads.OrderBy(x => x.Began))
        {
            var possible = Array.FindLastIndex(sums, sum => sum == read.Shown);
            if (read.Began > ended && possible >= 0 && possible < least)
            {
                anomalies.Add($"{read.Id} went back behind an earlier read of {read.Customer}");
            }

            if (read.Began <= ended) continue;
            var surely = Array.FindIndex(sums, Math.Min(least, writes.Length), sum => sum == read.Shown);
            (least, ended) = (Math.Max(least, surely), read.Ended);
        }
    }
}
