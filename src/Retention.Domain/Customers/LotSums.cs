using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>
/// What the live lots of one list add up to, counted along with each purchase: to walk a hundred lots for every receipt
/// costs more than the rest of the decision. It holds for that list only, from the moment it was counted until the
/// soonest of its lots expires.
/// </summary>
public readonly record struct LotSums
{
    private readonly ImmutableArray<Lot> lots;
    private readonly Instant from;
    private readonly Instant soonest;
    private readonly long expiring;

    private LotSums(ImmutableArray<Lot> lots, Instant from, Instant soonest, long available, long expiring)
    {
        this.lots = lots;
        this.from = from;
        this.soonest = soonest;
        this.expiring = expiring;
        Available = available;
    }

    /// <summary>Millipoints.</summary>
    public long Available { get; }

    /// <summary>Null when no point will expire.</summary>
    public Instant? ExpiryAt => soonest == Instant.MaxValue ? null : soonest;

    /// <summary>Millipoints that expire then.</summary>
    public long Expiring => soonest == Instant.MaxValue ? 0 : expiring;

    public static LotSums Of(CustomerState state, Instant now) =>
        state.Sums.IsOf(state.Lots, now) ? state.Sums : Of(state.Lots, now);

    /// <summary>One way back over the live lots: what was added last to the soonest expiry is what is left of it.</summary>
    public static LotSums Of(ImmutableArray<Lot> lots, Instant now)
    {
        var sums = new LotSums(lots, now, Instant.MaxValue, 0, 0);
        for (var i = lots.Length - 1; i >= 0 && !lots[i].IsDead(now); i--)
        {
            sums = sums.With(lots[i], lots);
        }

        return sums;
    }

    /// <summary>The sums of a list that has one lot more.</summary>
    public LotSums With(Lot lot, ImmutableArray<Lot> longer)
    {
        if (lot.Remaining == 0 || lot.IsDead(from)) return new LotSums(longer, from, soonest, Available, expiring);

        var atSoonest = lot.ExpiresAt == soonest ? expiring + lot.Remaining : expiring;
        return lot.ExpiresAt < soonest
            ? new LotSums(longer, from, lot.ExpiresAt, Available + lot.Remaining, lot.Remaining)
            : new LotSums(longer, from, soonest, Available + lot.Remaining, atSoonest);
    }

    // Lists are compared by reference: they never change.
    private bool IsOf(ImmutableArray<Lot> others, Instant now) => lots == others && now >= from && now < soonest;
}
