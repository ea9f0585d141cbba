using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Entities;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Customers;

/// <param name="HoldId">Holds the whole key of its request: its commit is found by it.</param>
public sealed record AuthorizePoints(
    CustomerRef Customer, string HoldId, long Millipoints, Duration Ttl, Origin Origin);

/// <param name="Millipoints">Null: all of the hold.</param>
public sealed record CapturePoints(string HoldId, string RedemptionId, long? Millipoints, Origin Origin);

public sealed record VoidPoints(string HoldId, Origin Origin);

public sealed record HoldReceipt(string CustomerId, PointsHeld Held, PointsBalance Balance);

public sealed record CaptureReceipt(string CustomerId, HoldCaptured Captured, PointsBalance Balance);

public sealed record VoidHoldReceipt(string CustomerId, PointsBalance Balance);

/// <summary>Turns over points that wait for a redemption.</summary>
public static class HoldTurns
{
    public static readonly Duration TtlMin = Duration.FromSeconds(1);
    public static readonly Duration TtlMax = Duration.FromDays(7);

    /// <summary>Taken by the one capture or void of a hold.</summary>
    public static LedgerKey EndKey(string tenantId, string holdId) => LedgerKey.Of("points-hold-end", tenantId, holdId);

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, CARD_BLOCKED, CUSTOMER_NOT_FOUND,
    /// LIMIT_TOO_MANY, INSUFFICIENT_POINTS.
    /// </summary>
    public static Decision Authorize(ITurn turn, string tenantId, AuthorizePoints command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var found = scope.Find(command.Customer);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? found.Refusal) is { } refused) return refused;
        if (!found.State.IsActive) return Because(CustomerNotFound);

        var now = found.State.Now(scope.Now);
        var state = Holds.Settled(found.State, now);
        if (state.Holds.Length >= Holds.HoldsMax)
        {
            return Because(LimitTooMany, ("limit", "holds"), ("maximum", Holds.HoldsMax));
        }

        var slices = ImmutableArray.CreateBuilder<LotSlice>();
        if (Lots.TakeSoonest(state.Lots, command.Millipoints, now, 0, slices) < command.Millipoints)
        {
            return Because(
                InsufficientPoints,
                ("available_millipoints", Lots.Available(state.Lots, now)),
                ("requested_millipoints", command.Millipoints));
        }

        var fact = new PointsHeld(command.HoldId, command.Millipoints, slices.ToImmutable(), now + command.Ttl)
        {
            At = now, Origin = command.Origin,
        };
        return Decision
            .With(new HoldReceipt(found.CustomerId, fact, PointsBalance.Of(CustomerEvolution.Evolve(state, fact), now)))
            .Change(CustomerGrains.Id(scope.Partition, found.CustomerId), fact);
    }

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, HOLD_NOT_FOUND, HOLD_ENDED (captured,
    /// voided or too late), INSUFFICIENT_POINTS (more than is held).
    /// </summary>
    public static Decision Capture(ITurn turn, string tenantId, CapturePoints command) => Ended(
        turn,
        tenantId,
        command.HoldId,
        command.Origin,
        (hold, now) =>
        {
            var millipoints = command.Millipoints ?? hold.Millipoints;
            if (millipoints > hold.Millipoints)
            {
                return (null, Because(
                    InsufficientPoints, ("held_millipoints", hold.Millipoints), ("requested_millipoints", millipoints)));
            }

            return (new HoldCaptured(
                hold.HoldId, command.RedemptionId, millipoints, Holds.First(hold.Slices, millipoints)), null);
        },
        (customerId, fact, balance) => new CaptureReceipt(customerId, (HoldCaptured)fact, balance));

    /// <summary>Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, HOLD_NOT_FOUND, HOLD_ENDED.</summary>
    public static Decision Void(ITurn turn, string tenantId, VoidPoints command) => Ended(
        turn,
        tenantId,
        command.HoldId,
        command.Origin,
        (hold, now) => (new HoldVoided(hold.HoldId), null),
        (customerId, _, balance) => new VoidHoldReceipt(customerId, balance));

    private static Decision Ended(
        ITurn turn,
        string tenantId,
        string holdId,
        Origin origin,
        Func<Hold, Instant, (CustomerFact? Fact, Refusal? Refusal)> decide,
        Func<string, CustomerFact, PointsBalance, object> reply)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var held = Held(turn, scope, holdId);
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(origin) is { } misplaced) return misplaced;
        if (held is not { } customer) return Because(HoldNotFound);

        var before = turn.State<CustomerState>(customer);
        if (!turn.IsComplete) return Decision.Silent();

        var now = before.Now(scope.Now);
        var state = Holds.Settled(before, now);
        if (state.Holds.FirstOrDefault(hold => hold.HoldId == holdId) is not { } hold) return Because(HoldEnded);

        var (fact, refusal) = decide(hold, now);
        if (fact is null) return refusal!;

        fact = fact with { At = now, Origin = origin };
        var after = CustomerEvolution.Evolve(state, fact);
        var decision = Decision.With(reply(customer.Key, fact, PointsBalance.Of(after, now))).Change(customer, fact);
        return fact is HoldCaptured captured
            ? EntityClearing.Redeemed(turn, decision, scope.Tenant, captured.AsRedemption, now)
            : decision;
    }

    // An id holds a ledger key, and a ledger key may be anybody's: only this tenant's hold of this id counts.
    private static GrainId? Held(ITurn turn, TenantScope scope, string holdId)
    {
        if (CustomerIds.RequestOfHold(holdId) is not { } key) return null;

        foreach (var change in turn.Recorded(key) ?? [])
        {
            if (change.Grain.Partition == scope.Partition && change.Fact is PointsHeld held && held.HoldId == holdId)
            {
                return change.Grain;
            }
        }

        return null;
    }
}
