using Google.Protobuf;

namespace Retention.Server.Tests.Nodes;

/// <summary>What became of one request, of which several copies may have been sent.</summary>
/// <param name="Id">The request id; a read's is its own.</param>
/// <param name="Delta">Millipoints that it adds when it applies; a read adds none.</param>
/// <param name="SentAt">When its first copy was sent.</param>
/// <param name="AnsweredAt">When its first good answer came.</param>
/// <param name="Position">Of its commit; of a read, what the answer says it includes; 0 when it was refused.</param>
/// <param name="Balance">As the answers say.</param>
/// <param name="Replies">The answers' bytes, one for each copy that was answered with a reply.</param>
public sealed record Played(
    string Id, bool IsRead, long Delta, long SentAt, long AnsweredAt, long Position, long Balance,
    IReadOnlyList<ByteString> Replies);

/// <summary>
/// Judges what clients were told of one customer. Answers carry the balance and commits their position, so that no search
/// is needed: commits are put in their order, the model is played over them, and each answer is compared with it.
/// </summary>
public static class CustomerHistory
{
    /// <summary>What cannot be, in words; empty where all of it could have happened one after the other.</summary>
    public static List<string> Anomalies(IReadOnlyCollection<Played> history)
    {
        var found = new List<string>();
        Played[] writes = [.. history.Where(one => !one.IsRead && one.Position > 0).OrderBy(one => one.Position)];
        var balances = CheckWrites(writes, found);
        foreach (var one in history)
        {
            if (one.Replies.Distinct().Count() > 1) found.Add($"{one.Id} was answered in different words");
            if (!one.IsRead && one.Position == 0) CheckRefused(one, writes, balances, found);
            if (one.IsRead) CheckRead(one, writes, balances, found);
        }

        return found;
    }

    private static long[] CheckWrites(Played[] writes, List<string> found)
    {
        var balances = new long[writes.Length + 1];
        var newestSent = long.MinValue;
        for (var index = 0; index < writes.Length; index++)
        {
            var write = writes[index];
            balances[index + 1] = balances[index] + write.Delta;
            if (write.Replies.Count == 0) found.Add($"{write.Id} applied, and nobody was told");
            if (write.Balance != balances[index + 1]) found.Add($"{write.Id} says {write.Balance}, not {balances[index + 1]}");
            if (balances[index + 1] < 0) found.Add($"{write.Id} takes more than there was");
            if (index > 0 && write.Position == writes[index - 1].Position) found.Add($"{write.Id} shares a position");
            if (write.AnsweredAt < newestSent) found.Add($"{write.Id} was answered before an earlier one was sent");
            newestSent = Math.Max(newestSent, write.SentAt);
        }

        return balances;
    }

    /// <summary>It was refused for want of points: at some moment between sending and answer there were too few.</summary>
    private static void CheckRefused(Played one, Played[] writes, long[] balances, List<string> found)
    {
        if (one.Replies.Count > 0)
        {
            found.Add($"{one.Id} was answered and is not there");
            return;
        }

        var (first, last) = Window(one, writes);
        if (!balances.Skip(first).Take(last + 1 - first).Any(balance => balance + one.Delta < 0)) found.Add($"{one.Id} was refused without cause");
    }

    /// <summary>A read shows all that was answered before it was sent, and nothing that was sent after its answer.</summary>
    private static void CheckRead(Played one, Played[] writes, long[] balances, List<string> found)
    {
        var (first, last) = Window(one, writes);
        var included = writes.Count(write => write.Position <= one.Position);
        if (included < first) found.Add($"{one.Id} includes less than was answered before it");
        else if (!balances.AsSpan(first, Math.Min(last, included) + 1 - first).Contains(one.Balance)) found.Add($"{one.Id} says {one.Balance}");
    }

    private static (int First, int Last) Window(Played one, Played[] writes)
    {
        var first = Array.FindLastIndex(writes, write => write.AnsweredAt < one.SentAt) + 1;
        var last = Array.FindIndex(writes, write => write.SentAt > one.AnsweredAt);
        return (first, Math.Max(first, last < 0 ? writes.Length : last));
    }
}
