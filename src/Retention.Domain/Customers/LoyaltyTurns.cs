using System.Collections.Immutable;
using Retention.Domain.Entities;
using Retention.Domain.Tills;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Customers;

/// <summary>Turns over a customer's points: redeem, reverse, read.</summary>
public static class LoyaltyTurns
{
    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, CARD_BLOCKED, POINTS_MUST_BE_POSITIVE,
    /// CUSTOMER_NOT_FOUND, INSUFFICIENT_POINTS, OWN_CARD, CARD_VELOCITY.
    /// </summary>
    public static Decision Redeem(ITurn turn, string tenantId, RedeemPoints command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var found = scope.Find(command.Customer);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? found.Refusal) is { } refused) return refused;

        var now = found.State.Now(scope.Now);
        var (fact, refusal) = PointsDecider.Redeem(Holds.Settled(found.State, now), command, now);
        if (fact is null) return refusal!;

        var till = TillCheck.Of(turn, scope, found.CustomerId, command.Origin, now, now);
        if (!turn.IsComplete) return Decision.Silent();
        if (till.Refusal is { } abused) return abused;

        var after = CustomerEvolution.Evolve(found.State, fact);
        var decision = Decision
            .With(new RedemptionReceipt(found.CustomerId, fact, PointsBalance.Of(after, now)))
            .Change(CustomerGrains.Id(scope.Partition, found.CustomerId), fact);
        till.Write(decision, scope, found.CustomerId, command.Origin, fact.RedemptionId, now);
        return EntityClearing.Redeemed(turn, decision, scope.Tenant, fact, now);
    }

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, REDEMPTION_NOT_FOUND,
    /// REDEMPTION_ALREADY_REVERSED. An erased customer's redemption may be reversed: the books stay right.
    /// </summary>
    public static Decision Reverse(ITurn turn, string tenantId, ReverseRedemption command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var (customer, redemption, recorded) = Redeemed(turn, scope, command.RedemptionId);
        var reversed = turn.Recorded(CustomerIds.Reversal(tenantId, command.RedemptionId));
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(command.Origin) is { } misplaced) return misplaced;
        if (redemption is null) return Because(RedemptionNotFound);
        if (reversed is not null) return Because(RedemptionAlreadyReversed);

        var state = turn.State<CustomerState>(customer);
        if (!turn.IsComplete) return Decision.Silent();

        var now = state.Now(scope.Now);
        var fact = PointsDecider.Reverse(Holds.Settled(state, now), redemption, command, now);
        var after = CustomerEvolution.Evolve(state, fact);
        var decision = Decision
            .With(new ReversalReceipt(customer.Key, fact, PointsBalance.Of(after, now)))
            .Change(customer, fact);
        return EntityClearing.Reversed(turn, decision, scope.Tenant, recorded, now);
    }

    /// <summary>The lots with their balance. Also for an erased customer: numbers without a person.</summary>
    public static Decision Read(ITurn turn, string tenantId, CustomerRef customer)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var found = scope.Find(customer, mayBeBlocked: true);
        if (!turn.IsComplete) return Decision.Silent();
        if (!found.State.IsEnrolled) return Because(CustomerNotFound);

        var now = found.State.Now(scope.Now);
        return Decision.With(new LotsView(
            found.CustomerId, Holds.Settled(found.State, now).Lots, PointsBalance.Of(found.State, now), now));
    }

    // An id holds a ledger key, and a ledger key may be anybody's: only this tenant's redemption of this id counts.
    private static (GrainId Customer, PointsRedeemed? Redemption, IReadOnlyList<Change> Recorded) Redeemed(
        ITurn turn, TenantScope scope, string redemptionId)
    {
        if (CustomerIds.RequestOf(redemptionId) is not { } key) return (default, null, []);

        var recorded = turn.Recorded(key) ?? [];
        foreach (var change in recorded)
        {
            if (change.Grain.Partition == scope.Partition
                && change.Fact is PointsRedeemed redemption
                && redemption.RedemptionId == redemptionId) return (change.Grain, redemption, recorded);
            if (change.Grain.Partition == scope.Partition
                && change.Fact is HoldCaptured captured
                && captured.RedemptionId == redemptionId) return (change.Grain, captured.AsRedemption, recorded);
        }

        return (default, null, []);
    }
}
