using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Tills;

/// <param name="StoreId">Empty: in all stores of the tenant.</param>
/// <param name="CustomerId">Empty: nobody's any more.</param>
public sealed record RegisterCashier(string StoreId, string CashierId, string CustomerId);

public sealed record CashierReceipt(string StoreId, string CashierId, string CustomerId);

/// <param name="From">Inclusive, likewise To.</param>
/// <param name="StoreId">Empty: all.</param>
public sealed record TillReport(LocalDate From, LocalDate To, ImmutableArray<TillCount> Counts, int Unnamed);

/// <summary>Turns over cashiers and the report of their tills.</summary>
public static class TillTurns
{
    public const int ReportDaysMax = 92;

    /// <summary>Refuses, in this order: TENANT_NOT_FOUND, STORE_NOT_FOUND, CUSTOMER_NOT_FOUND.</summary>
    public static Decision Register(ITurn turn, string tenantId, RegisterCashier command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var grain = TillGrains.CashierId(scope.Partition, command.StoreId, command.CashierId);
        var cashier = turn.State<CashierState>(grain);
        var customer = command.CustomerId.Length == 0 ? null : scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (!scope.Tenant.Exists) return Because(RefusalReason.TenantNotFound);
        if (command.StoreId.Length > 0 && !scope.Tenant.Stores.ContainsKey(command.StoreId))
        {
            return Because(RefusalReason.StoreNotFound, ("store_id", command.StoreId));
        }

        if (customer is { IsActive: false }) return Because(RefusalReason.CustomerNotFound);

        var decision = Decision.With(new CashierReceipt(command.StoreId, command.CashierId, command.CustomerId));
        if (cashier.CustomerId == command.CustomerId) return decision;

        decision.Change(grain, new CashierRegistered(command.CustomerId) { At = scope.Now });
        return scope.Tenant.HasCashiers ? decision : decision.Change(TenantGrains.Id(tenantId), new CashiersKnown());
    }

    /// <summary>Who was flagged most comes first, then by store, till and cashier.</summary>
    public static Decision Report(ITurn turn, string tenantId, LocalDate from, LocalDate to, string storeId)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var counts = new Dictionary<(string, string, string), TillCount>();
        var unnamed = 0;
        for (var day = from; day <= to; day = day.PlusDays(1))
        {
            var state = turn.State<TillDayState>(TillGrains.DayId(scope.Partition, day));
            unnamed += state.Unnamed;
            foreach (var count in state.Counts.Where(count => storeId.Length == 0 || count.StoreId == storeId))
            {
                var key = (count.StoreId, count.TillId, count.CashierId);
                counts[key] = counts.TryGetValue(key, out var sum) ? sum.And(count) : count;
            }
        }

        if (!turn.IsComplete) return Decision.Silent();
        if (!scope.Tenant.Exists) return Because(RefusalReason.TenantNotFound);

        return Decision.With(new TillReport(
            from,
            to,
            [.. counts.Values
                .OrderByDescending(count => count.Total)
                .ThenBy(count => count.StoreId, StringComparer.Ordinal)
                .ThenBy(count => count.TillId, StringComparer.Ordinal)
                .ThenBy(count => count.CashierId, StringComparer.Ordinal)],
            unnamed));
    }
}
