using NodaTime;
using Retention.Kernel;

namespace Retention.Domain.Offers;

/// <summary>
/// Keeps of an offer's budget what coupons may come to since their issue, where the offer says so; tells when the budget is
/// nearly used up, and pauses the offer when all of it is given.
/// </summary>
public static class OfferBudget
{
    public const string PauseCause = "BUDGET";

    private static readonly int[] Percents = [100, 95, 80];

    /// <summary>The highest level that so much reaches; 0: none, or there is no budget.</summary>
    public static int PercentReached(Offer offer, long used)
    {
        if (offer.BudgetMinorUnits == 0) return 0;
        foreach (var percent in Percents)
        {
            if ((Int128)used * 100 >= (Int128)offer.BudgetMinorUnits * percent) return percent;
        }

        return 0;
    }

    /// <summary>What each of so many coupons keeps of the budget; a fault where not all of them find room; null: nothing.</summary>
    /// <param name="expiresAt">The coupons' own end.</param>
    public static (IssueReserve? Each, Refusal? Fault) ForIssue(
        OfferState state, int count, Instant? expiresAt, DateTimeZone zone, Instant now)
    {
        if (state.Offer is not { ReservesAtIssue: true, Discount.Most: { } most } offer) return (null, null);

        var reserved = state.Reserves.At(now);
        var each = new IssueReserve(most, OfferConditionsCheck.Earliest(offer.Validity.EndsBefore(zone), expiresAt));
        var wanted = (Int128)most * count;
        return state.DiscountMinorUnits + reserved + wanted <= offer.BudgetMinorUnits
            ? (each, null)
            : (null, Refusal.Because(
                RefusalReason.BudgetExhausted,
                ("budget", offer.BudgetMinorUnits),
                ("given", state.DiscountMinorUnits),
                ("reserved", reserved),
                ("discount", wanted)));
    }

    /// <summary>Adds what a change means for the budget. Each level is told once per budget; what is reserved counts.</summary>
    /// <param name="reserved">At issue; negative: freed.</param>
    public static Decision Watched(
        Decision decision, GrainId grain, OfferState before, long given, long reserved, Instant now)
    {
        if (before.Offer is not { BudgetMinorUnits: > 0 } offer) return decision;

        var all = before.DiscountMinorUnits + given;
        var used = all + before.Reserves.At(now) + reserved;
        var percent = PercentReached(offer, used);
        if (percent > before.BudgetPercent)
        {
            decision.Change(grain, new OfferBudgetReached(percent, used, offer.BudgetMinorUnits, now));
        }

        // While coupons are out that the budget is kept for, they are honored.
        return given > 0 && PercentReached(offer, all) == 100
            ? decision.Change(grain, new OfferPaused(now) { Cause = PauseCause })
            : decision;
    }
}
