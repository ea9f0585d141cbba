using NodaTime;
using Retention.Kernel;

namespace Retention.Domain.Offers;

/// <summary>Tells when an offer's budget is nearly used up, and pauses the offer when it is.</summary>
public static class OfferBudget
{
    public const string PauseCause = "BUDGET";

    private static readonly int[] Percents = [100, 95, 80];

    /// <summary>The highest level that so much reaches; 0: none, or there is no budget.</summary>
    public static int PercentReached(Offer offer, long given)
    {
        if (offer.BudgetMinorUnits == 0) return 0;
        foreach (var percent in Percents)
        {
            if ((Int128)given * 100 >= (Int128)offer.BudgetMinorUnits * percent) return percent;
        }

        return 0;
    }

    /// <summary>Adds to a redemption what its discount means for the budget. Each level is told once per budget.</summary>
    public static Decision Watched(Decision decision, GrainId grain, OfferState before, long discount, Instant now)
    {
        if (before.Offer is not { BudgetMinorUnits: > 0 } offer) return decision;

        var given = before.DiscountMinorUnits + discount;
        var percent = PercentReached(offer, given);
        if (percent > before.BudgetPercent)
        {
            decision.Change(grain, new OfferBudgetReached(percent, given, offer.BudgetMinorUnits, now));
        }

        return percent == 100 ? decision.Change(grain, new OfferPaused(now) { Cause = PauseCause }) : decision;
    }
}
