using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Purchases;

/// <summary>Turns that put a cashier's error right.</summary>
public static class CorrectionTurns
{
    /// <summary>Taken by the one void of a sale.</summary>
    public static LedgerKey VoidKey(string tenantId, string brandId, string source, string purchaseId) =>
        LedgerKey.Of("purchase-void", tenantId, brandId, source, purchaseId);

    /// <summary>Taken by the one reassignment of a sale.</summary>
    public static LedgerKey ReassignKey(string tenantId, string brandId, string source, string purchaseId) =>
        LedgerKey.Of("purchase-reassign", tenantId, brandId, source, purchaseId);

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, PURCHASE_NOT_FOUND, PURCHASE_VOIDED,
    /// TOO_LATE, PURCHASE_RETURNED. Whoever has the sale now loses what it brought.
    /// </summary>
    public static Decision Void(ITurn turn, string tenantId, VoidPurchase command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var sold = SoldPurchase.Find(turn, scope, command.Origin.BrandId, command.Source, command.PurchaseId);
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(command.Origin) is { } misplaced) return misplaced;
        if (sold is null || !IsFrom(sold.Sale, command.Origin.StoreId)) return Because(PurchaseNotFound);

        var state = turn.State<CustomerState>(sold.Customer);
        var (joint, _) = JointSales.Find(turn, scope.Tenant, scope.Partition, sold.Sale.RedemptionIds);
        if (!turn.IsComplete) return Decision.Silent();

        var now = state.Now(scope.Now);
        if (CorrectionDecider.CheckVoid(sold, scope.Tenant, now) is { } refused) return refused;

        var fact = CorrectionDecider.Void(state, scope.Tenant.Program, sold.Sale, command, now);
        var voided = new PurchaseVoided(sold.Customer.Key, sold.Sale.Total, sold.Sale.Accrued) { At = now };
        var decision = Decision.Silent().Change(sold.Customer, fact).Change(sold.Grain, voided);
        PurchaseNews.SendSaleReturns(decision, scope, sold, PurchaseState.Evolve(sold.State, voided), joint, now);
        PurchaseNews.SendVoids(decision, scope, sold, PurchaseState.Evolve(sold.State, voided), now);

        var after = CustomerEvolution.Evolve(state, fact);
        return decision.Answer(
            new VoidReceipt(sold.Customer.Key, fact, scope.Tenant.Currency, PointsBalance.Of(after, now)));
    }

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, PURCHASE_NOT_FOUND,
    /// PURCHASE_REASSIGNED, PURCHASE_VOIDED, TOO_LATE, PURCHASE_RETURNED, CUSTOMER_NOT_FOUND, FIELD_INVALID (he has it
    /// already). An erased customer's sale may go to another.
    /// </summary>
    public static Decision Reassign(ITurn turn, string tenantId, ReassignPurchase command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var sold = SoldPurchase.Find(turn, scope, command.Origin.BrandId, command.Source, command.PurchaseId);
        var to = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(command.Origin) is { } misplaced) return misplaced;
        if (sold is null) return Because(PurchaseNotFound);

        var from = turn.State<CustomerState>(sold.Customer);
        if (!turn.IsComplete) return Decision.Silent();

        var now = Instant.Max(from.Now(scope.Now), to.Now(scope.Now));
        if (CorrectionDecider.CheckReassign(sold, scope.Tenant, now) is { } refused) return refused;
        if (!to.IsActive) return Because(CustomerNotFound);
        if (sold.Customer.Key == command.CustomerId)
        {
            return Because(FieldInvalid, ("field", "customer_id"), ("rule", "another_customer"));
        }

        return Reassigned(scope, sold, (from, to), command, now);
    }

    private static Decision Reassigned(
        TenantScope scope,
        SoldPurchase sold,
        (CustomerState From, CustomerState To) customers,
        ReassignPurchase command,
        Instant now)
    {
        var from = sold.Customer.Key;
        var handed = CorrectionDecider.HandOver(customers.From, scope.Tenant.Program, sold.Sale, command, now);
        var taken = CorrectionDecider.TakeOver(customers.To, from, sold.Sale, command, now);
        var moved = new PurchaseReassigned(from, command.CustomerId, taken.LotNumber) { At = now };
        var holder = CustomerGrains.Id(scope.Partition, command.CustomerId);
        var decision = Decision.Silent()
            .Change(sold.Customer, handed)
            .Change(holder, taken)
            .Change(sold.Grain, moved);

        // The first customer's joint coupons go as with a return; the other's purchase triggers for him.
        PurchaseNews.SendVoids(decision, scope, sold, sold.State with { IsWhole = true, Amount = sold.Sale.Total }, now);
        var reassigned = sold with
        {
            Customer = holder,
            Sale = sold.Sale with { LotNumber = taken.LotNumber },
            State = PurchaseState.Evolve(sold.State, moved),
        };
        PurchaseNews.SendIssues(decision, scope, customers.To, reassigned, now);

        var after = CustomerEvolution.Evolve(customers.To, taken);
        return decision.Answer(new ReassignReceipt(
            command.CustomerId, reassigned.Sale, handed, from, scope.Tenant.Currency, PointsBalance.Of(after, now), now));
    }

    // A till corrects what its own store sold.
    private static bool IsFrom(PurchaseRecorded sale, string? storeId) =>
        string.IsNullOrEmpty(storeId) || sale.Origin?.StoreId == storeId;
}
