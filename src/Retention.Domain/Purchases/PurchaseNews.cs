using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Domain.Links;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Purchases;

/// <summary>What agreements hear of a sale and of what becomes of it.</summary>
internal static class PurchaseNews
{
    /// <summary>The sale is somebody's: it triggers what it fulfills.</summary>
    public static void SendIssues(
        Decision decision, TenantScope scope, CustomerState customer, SoldPurchase sold, Instant at) =>
        SendIssues(decision, scope, customer, Seen(scope.Tenant, sold.Customer.Key, sold.Sale, sold.State, at));

    public static void SendIssues(
        Decision decision,
        TenantScope scope,
        CustomerState customer,
        string customerId,
        PurchaseRecorded sale,
        ImmutableArray<JointRedemption> joint)
    {
        // Most sales are of tenants without agreements: for them nothing is put together.
        if (scope.Tenant.Triggers.IsDefaultOrEmpty) return;

        var seen = Seen(scope.Tenant, customerId, sale, PurchaseState.Initial, sale.At) with { Redemptions = joint };
        SendIssues(decision, scope, customer, seen);
    }

    /// <summary>Something of the sale came back, or all of it is taken back.</summary>
    public static void SendVoids(
        Decision decision, TenantScope scope, SoldPurchase sold, PurchaseState after, Instant now)
    {
        if (scope.Tenant.Triggers.IsDefaultOrEmpty) return;

        var returned = new ReturnSeen(
            Seen(scope.Tenant, sold.Customer.Key, sold.Sale, sold.State, sold.Sale.At),
            sold.Sale.Total - after.Amount,
            RemainingCategories(sold.Sale, after),
            after.IsWhole,
            now);
        foreach (var effect in JointTriggers.ForReturn(scope.Tenant, scope.TenantId, returned))
        {
            decision.Send(effect);
        }
    }

    /// <summary>Agreements whose coupons the sale used hear that it was made.</summary>
    public static void SendSales(
        Decision decision,
        TenantScope scope,
        string customerId,
        PurchaseRecorded sale,
        ImmutableArray<JointRedemption> joint)
    {
        if (joint.IsDefaultOrEmpty) return;

        foreach (var effect in JointSales.ForPurchase(
            scope.Tenant, joint, Seen(scope.Tenant, customerId, sale, PurchaseState.Initial, sale.At)))
        {
            decision.Send(effect);
        }
    }

    /// <summary>They hear of what comes back of it, too.</summary>
    public static void SendSaleReturns(
        Decision decision,
        TenantScope scope,
        SoldPurchase sold,
        PurchaseState after,
        ImmutableArray<JointRedemption> joint,
        Instant now)
    {
        var sale = Seen(scope.Tenant, sold.Customer.Key, sold.Sale, sold.State, sold.Sale.At);
        foreach (var effect in JointSales.ForReturn(scope.Tenant, joint, sale, after.Amount, after.IsWhole, now))
        {
            decision.Send(effect);
        }
    }

    // Who forbade it is not told to any agreement, not even by a pseudonym.
    private static void SendIssues(Decision decision, TenantScope scope, CustomerState customer, PurchaseSeen purchase)
    {
        if (scope.Tenant.Triggers.IsDefaultOrEmpty) return;
        if (Sharing.IsForbidden(customer.Consents, purchase.BrandId)) return;

        foreach (var effect in JointTriggers.ForPurchase(scope.Tenant, scope.TenantId, purchase))
        {
            decision.Send(effect);
        }
    }

    private static PurchaseSeen Seen(
        TenantState tenant, string customerId, PurchaseRecorded sale, PurchaseState state, Instant at) => new(
        customerId,
        sale.Origin?.BrandId ?? "",
        sale.Origin?.StoreId ?? "",
        sale.Source,
        sale.PurchaseId,
        sale.Total,
        tenant.Currency,
        sale.Lines.IsDefaultOrEmpty ? [] : [.. sale.Lines.Select(line => line.Category ?? "")],
        at)
        {
            IsReassigned = state.Holder is not null,
        };

    private static ImmutableArray<string> RemainingCategories(PurchaseRecorded sale, PurchaseState after)
    {
        if (sale.Lines.IsDefaultOrEmpty) return [];

        return [.. sale.Lines
            .Where(line => after.Returned(line.LineId).Amount < line.Amount
                || after.Returned(line.LineId).Quantity < line.Quantity)
            .Select(line => line.Category ?? "")];
    }
}
