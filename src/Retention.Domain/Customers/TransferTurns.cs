using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Customers;

/// <param name="Millipoints">Negative: takes.</param>
public sealed record AdjustPoints(string CustomerId, long Millipoints, string Reason, Origin Origin);

public sealed record TransferPoints(
    string TransferId, string FromCustomerId, string ToCustomerId, long Millipoints, string? Reason, Origin Origin);

public sealed record AdjustReceipt(string CustomerId, PointsAdjusted Adjustment, PointsBalance Balance);

public sealed record TransferReceipt(PointsSent Sent, PointsBalance From, PointsBalance To);

/// <summary>Turns that give, take or move points without a sale.</summary>
public static class TransferTurns
{
    /// <summary>The most that one adjustment gives or takes.</summary>
    public const long AdjustMax = 1_000_000_000_000;

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, CUSTOMER_NOT_FOUND, INSUFFICIENT_POINTS.
    /// What is given lives as long as if it had been accrued now, and pays a debt first.
    /// </summary>
    public static Decision Adjust(ITurn turn, string tenantId, AdjustPoints command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(command.Origin) is { } misplaced) return misplaced;
        if (!state.IsActive) return Because(CustomerNotFound);

        var now = state.Now(scope.Now);
        state = Holds.Settled(state, now);
        var given = ImmutableArray<LotSlice>.Empty;
        var taken = ImmutableArray.CreateBuilder<LotSlice>();
        if (command.Millipoints > 0)
        {
            given = [Now(scope.Tenant, state, command, now)];
        }
        else if (Lots.TakeSoonest(state.Lots, -command.Millipoints, now, 0, taken) < -command.Millipoints)
        {
            return Insufficient(state, -command.Millipoints, now);
        }

        var fact = new PointsAdjusted(
            command.Millipoints,
            taken.Count == 0 ? default : taken.ToImmutable(),
            given.IsEmpty ? default : given,
            PaidBack(state, given, now),
            command.Reason)
        { At = now, Origin = command.Origin };
        return Decision
            .With(new AdjustReceipt(
                command.CustomerId, fact, PointsBalance.Of(CustomerEvolution.Evolve(state, fact), now)))
            .Change(CustomerGrains.Id(scope.Partition, command.CustomerId), fact);
    }

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, CUSTOMER_NOT_FOUND (`field` tells which),
    /// FIELD_INVALID (one customer on both ends), INSUFFICIENT_POINTS.
    /// </summary>
    public static Decision Transfer(ITurn turn, string tenantId, TransferPoints command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var (from, to) = (scope.Customer(command.FromCustomerId), scope.Customer(command.ToCustomerId));
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(command.Origin) is { } misplaced) return misplaced;
        if (!from.IsActive) return Because(CustomerNotFound, ("field", "from_customer_id"));
        if (!to.IsActive) return Because(CustomerNotFound, ("field", "to_customer_id"));
        if (command.FromCustomerId == command.ToCustomerId)
        {
            return Because(FieldInvalid, ("field", "to_customer_id"), ("rule", "another_customer"));
        }

        var now = Instant.Max(from.Now(scope.Now), to.Now(scope.Now));
        (from, to) = (Holds.Settled(from, now), Holds.Settled(to, now));
        var taken = ImmutableArray.CreateBuilder<LotSlice>();
        if (Lots.TakeSoonest(from.Lots, command.Millipoints, now, 0, taken) < command.Millipoints)
        {
            return Insufficient(from, command.Millipoints, now);
        }

        var given = Renumbered(taken, to.LastLot);
        var sent = new PointsSent(
            command.TransferId, command.ToCustomerId, command.Millipoints, taken.ToImmutable(), command.Reason)
        { At = now, Origin = command.Origin };
        var received = new PointsReceived(
            command.TransferId,
            command.FromCustomerId,
            command.Millipoints,
            given,
            PaidBack(to, given, now),
            command.Reason)
        { At = now, Origin = command.Origin };
        return Decision
            .With(new TransferReceipt(
                sent,
                PointsBalance.Of(CustomerEvolution.Evolve(from, sent), now),
                PointsBalance.Of(CustomerEvolution.Evolve(to, received), now)))
            .Change(CustomerGrains.Id(scope.Partition, command.FromCustomerId), sent)
            .Change(CustomerGrains.Id(scope.Partition, command.ToCustomerId), received);
    }

    private static LotSlice Now(TenantState tenant, CustomerState state, AdjustPoints command, Instant now)
    {
        var zone = DateTimeZoneProviders.Tzdb[tenant.TimeZone];
        var day = Accrual.DayOf(now, tenant, command.Origin.StoreId);
        var expiresAt = tenant.Program.LotDays == 0
            ? Instant.MaxValue
            : zone.AtStartOfDay(day.PlusDays(tenant.Program.LotDays)).ToInstant();
        return new LotSlice(
            state.LastLot + 1, command.Millipoints, command.Origin.BrandId, tenant.Program.Version, now, expiresAt);
    }

    // One lot for what no balance can tell apart.
    private static ImmutableArray<LotSlice> Renumbered(IReadOnlyList<LotSlice> taken, long lastLot)
    {
        var given = ImmutableArray.CreateBuilder<LotSlice>();
        foreach (var slice in taken)
        {
            var last = given.Count == 0 ? null : given[^1];
            if (last is not null
                && last.ExpiresAt == slice.ExpiresAt
                && last.RuleVersion == slice.RuleVersion
                && last.BrandId == slice.BrandId
                && last.EntityId == slice.EntityId)
            {
                given[^1] = last with { Millipoints = last.Millipoints + slice.Millipoints };
            }
            else
            {
                given.Add(slice with { Number = lastLot + given.Count + 1 });
            }
        }

        return given.ToImmutable();
    }

    private static ImmutableArray<LotSlice> PaidBack(CustomerState state, ImmutableArray<LotSlice> given, Instant now)
    {
        if (state.Debt == 0 || given.IsEmpty) return default;

        var paid = ImmutableArray.CreateBuilder<LotSlice>();
        Lots.TakeSoonest(Lots.Restore(state.Lots, given), state.Debt, now, 0, paid);
        return paid.Count == 0 ? default : paid.ToImmutable();
    }

    private static Refusal Insufficient(CustomerState state, long millipoints, Instant now) => Because(
        InsufficientPoints,
        ("available_millipoints", Lots.Available(state.Lots, now)),
        ("requested_millipoints", millipoints));
}
