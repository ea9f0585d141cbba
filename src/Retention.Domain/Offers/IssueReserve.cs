using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Offers;

/// <summary>What of a budget is kept for coupons since their issue.</summary>
/// <param name="EndsAt">Exclusive: from this instant on nothing is kept; null: it never ends by itself.</param>
public sealed record IssueReserve(long MinorUnits, Instant? EndsAt)
{
    public long At(Instant now) => EndsAt is not { } end || now < end ? MinorUnits : 0;
}

/// <summary>
/// The reserves of one offer, one for each instant at which some end: nothing has to run at that instant, since every turn
/// asks what is kept now. What is over leaves the list with the next change.
/// </summary>
public static class IssueReserves
{
    public static long At(this ImmutableArray<IssueReserve> reserves, Instant now)
    {
        var kept = 0L;
        foreach (var reserve in reserves)
        {
            kept += reserve.At(now);
        }

        return kept;
    }

    /// <param name="more">Negative amounts free.</param>
    public static ImmutableArray<IssueReserve> Plus(this ImmutableArray<IssueReserve> reserves, IssueReserve? more, Instant now)
    {
        if (more is null) return reserves;
        var open = reserves.RemoveAll(reserve => reserve.EndsAt <= now);
        if (more.EndsAt <= now || more.MinorUnits == 0) return open;

        var found = open.FirstOrDefault(reserve => reserve.EndsAt == more.EndsAt);
        if (found is null) return open.Add(more);
        var sum = found.MinorUnits + more.MinorUnits;
        return sum == 0 ? open.Remove(found) : open.Replace(found, found with { MinorUnits = sum });
    }

    public static ImmutableArray<IssueReserve> Less(this ImmutableArray<IssueReserve> reserves, IssueReserve? freed, Instant now) =>
        reserves.Plus(freed is null ? null : freed with { MinorUnits = -freed.MinorUnits }, now);
}
