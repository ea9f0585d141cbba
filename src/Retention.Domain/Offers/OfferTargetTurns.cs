using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Offers;

/// <summary>Turns over target lists. Lists of older journals stand in the customers' use grains; those still count.</summary>
public static class OfferTargetTurns
{
    public static Decision Add(ITurn turn, AddOfferTargets command)
    {
        if (command.CustomerIds.Length > AddOfferTargets.CustomersMax)
        {
            return Because(
                RefusalReason.LimitTooMany, ("limit", "customer_ids"), ("maximum", AddOfferTargets.CustomersMax));
        }

        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var state = turn.State<OfferState>(OfferGrains.OfferId(command.TenantId, command.OfferId));
        if (!turn.IsComplete) return Decision.Silent();
        if (state.Offer is null) return Because(RefusalReason.OfferNotFound, ("offer_id", command.OfferId));

        var fresh = command.CustomerIds
            .Distinct(StringComparer.Ordinal)
            .Where(customer => !IsTargeted(turn, command.TenantId, state, customer))
            .ToArray();
        if (!turn.IsComplete) return Decision.Silent();
        if (fresh.Length == 0) return Decision.With(new TargetsAdded(0, state.TargetCount));

        var decision = Decision.With(new TargetsAdded(fresh.Length, state.TargetCount + fresh.Length)).Change(
            OfferGrains.OfferId(command.TenantId, command.OfferId),
            new OfferTargetsListed(fresh.Length, tenant.Now(turn.Time)));
        return Place(turn, decision, command, state.ListedCount, fresh);
    }

    /// <summary>Whether the customer is on the offer's list.</summary>
    public static bool IsTargeted(ITurn turn, string tenantId, OfferState state, string customerId)
    {
        if (state is not { Offer.OfferId: var offerId, TargetCount: > 0 } || customerId.Length == 0) return false;

        var bucket = TargetBuckets.Of(customerId, TargetBuckets.Count(state.ListedCount));
        var isListed = state.ListedCount > 0
            && turn.State<TargetListState>(OfferGrains.TargetsId(tenantId, offerId, bucket)).Contains(customerId);
        return isListed || (state.TargetCount > state.ListedCount
            && turn.State<OfferUseState>(OfferGrains.UseId(tenantId, offerId, customerId)).IsTargeted);
    }

    // Buckets that the list grows by take their customers from older ones.
    private static Decision Place(
        ITurn turn, Decision decision, AddOfferTargets command, long listed, string[] fresh)
    {
        var (before, after) = (TargetBuckets.Count(listed), TargetBuckets.Count(listed + fresh.Length));
        var arriving = new SortedDictionary<int, List<string>>();
        var splits = Enumerable.Range(before, after - before).Select(bucket => TargetBuckets.Origin(bucket, before));
        foreach (var origin in splits.Distinct())
        {
            var grain = OfferGrains.TargetsId(command.TenantId, command.OfferId, origin);
            var leaving = turn.State<TargetListState>(grain).CustomerIds
                .Where(customer => TargetBuckets.Of(customer, after) != origin)
                .ToArray();
            if (leaving.Length == 0) continue;
            decision.Change(grain, new TargetsMoved([.. leaving]));
            Arrive(leaving);
        }

        Arrive(fresh);
        foreach (var (bucket, customers) in arriving)
        {
            decision.Change(
                OfferGrains.TargetsId(command.TenantId, command.OfferId, bucket),
                new TargetsListed([.. customers.Order(StringComparer.Ordinal)]));
        }

        return decision;

        void Arrive(IEnumerable<string> customers)
        {
            foreach (var customer in customers)
            {
                var bucket = TargetBuckets.Of(customer, after);
                if (!arriving.TryGetValue(bucket, out var list)) arriving[bucket] = list = [];
                list.Add(customer);
            }
        }
    }
}
