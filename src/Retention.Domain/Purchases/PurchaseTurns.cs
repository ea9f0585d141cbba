using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Purchases;

/// <summary>Turns over sales: record, return, read.</summary>
public static class PurchaseTurns
{
    /// <summary>
    /// Refuses, in this order: FIELD_INVALID, LIMIT_TOO_MANY, TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND,
    /// CURRENCY_MISMATCH, CARD_BLOCKED, CUSTOMER_NOT_FOUND.
    /// </summary>
    public static Decision Record(ITurn turn, string tenantId, RecordPurchase command)
    {
        if (PointsDecider.Check(command) is { } malformed) return malformed;

        var scope = TenantScope.Of(turn, tenantId);
        var found = scope.Find(command.Customer);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? CheckMoney(scope.Tenant, command)) is { } misplaced) return misplaced;
        if (found.Refusal is { } blocked) return blocked;

        var enrolls = command.EnrollsUnknown && !found.State.IsEnrolled;
        var customerId = enrolls && found.CustomerId.Length == 0 ? CustomerIds.OfCard(found.Key) : found.CustomerId;
        if (!enrolls && !found.State.IsActive) return Because(CustomerNotFound);

        // A derived id may be taken by a customer whose card was replaced: he is not the one who holds this card.
        var customer = enrolls && found.CustomerId.Length == 0 ? scope.Customer(customerId) : found.State;
        if (!turn.IsComplete) return Decision.Silent();
        if (enrolls && customer.IsEnrolled) return Because(CustomerNotFound);

        var decision = Decision.Silent();
        var now = customer.Now(scope.Now);
        if (enrolls) customer = Enroll(decision, scope, customerId, customer, found.Key, command.Origin, now);

        var (fact, refusal) = PointsDecider.Record(customer, scope.Tenant, command, now);
        if (fact is null) return refusal!;

        decision.Change(CustomerGrains.Id(scope.Partition, customerId), fact);
        if (!scope.Tenant.Triggers.IsDefaultOrEmpty) SendIssues(decision, scope, customerId, fact);
        var after = CustomerEvolution.Evolve(customer, fact);
        return decision.Answer(new PurchaseReceipt(customerId, fact, scope.Tenant.Currency, PointsBalance.Of(after, now)));
    }

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, PURCHASE_NOT_FOUND, LIMIT_TOO_MANY,
    /// FIELD_INVALID, CURRENCY_MISMATCH, LINE_NOT_FOUND, RETURN_EXCEEDS_PURCHASE. An erased customer's purchase may come back.
    /// </summary>
    public static Decision Return(ITurn turn, string tenantId, ReturnPurchase command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var brandId = command.Origin.BrandId;
        var (customer, sale) = Sold(turn, scope, brandId, command.Source, command.PurchaseId);
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(command.Origin) is { } misplaced) return misplaced;
        if (sale is null) return Because(PurchaseNotFound);

        var grain = CustomerGrains.PurchaseId(scope.Partition, brandId, command.Source, command.PurchaseId);
        var purchase = turn.State<PurchaseState>(grain);
        var state = turn.State<CustomerState>(customer);
        if (!turn.IsComplete) return Decision.Silent();

        var now = state.Now(scope.Now);
        var (returned, refusal) = ReturnDecider.Decide(purchase, sale, customer.Key, scope.Tenant.Currency, command, now);
        if (returned is null) return refusal!;

        var reversal = PointsDecider.Reverse(state, scope.Tenant.Program, sale, returned, command, now);
        var decision = Decision.Silent().Change(customer, reversal).Change(grain, returned);
        if (!scope.Tenant.Triggers.IsDefaultOrEmpty)
        {
            SendVoids(decision, scope, customer.Key, sale, PurchaseState.Evolve(purchase, returned), now);
        }

        var after = CustomerEvolution.Evolve(state, reversal);
        return decision.Answer(new ReturnReceipt(customer.Key, reversal, scope.Tenant.Currency, PointsBalance.Of(after, now)));
    }

    public static Decision Read(ITurn turn, string tenantId, string brandId, string source, string purchaseId)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var (customer, sale) = Sold(turn, scope, brandId, source, purchaseId);
        if (!turn.IsComplete) return Decision.Silent();
        if (sale is null) return Because(PurchaseNotFound);

        var grain = CustomerGrains.PurchaseId(scope.Partition, brandId, source, purchaseId);
        return Decision.With(new PurchaseView(customer.Key, sale, scope.Tenant.Currency, turn.State<PurchaseState>(grain)));
    }

    private static (GrainId Customer, PurchaseRecorded? Sale) Sold(
        ITurn turn, TenantScope scope, string brandId, string source, string purchaseId)
    {
        var changes = turn.Recorded(LedgerKey.Purchase(scope.TenantId, brandId, source, purchaseId));
        if (changes is null) return default;

        foreach (var change in changes)
        {
            if (change.Fact is PurchaseRecorded sale) return (change.Grain, sale);
        }

        return default;
    }

    private static Refusal? CheckMoney(TenantState tenant, RecordPurchase command)
    {
        // A sale always has a brand: the natural key and the points' debtor are named by it.
        if (command.Origin.BrandId.Length == 0) return Because(BrandNotFound);

        return command.Total.Currency == tenant.Currency
            ? null
            : Because(CurrencyMismatch, ("currency_code", tenant.Currency));
    }

    private static CustomerState Enroll(
        Decision decision,
        TenantScope scope,
        string customerId,
        CustomerState customer,
        CustomerKey? card,
        Origin origin,
        Instant now)
    {
        var enrolled = new CustomerEnrolled(card is null ? default : [card], null, default) { At = now, Origin = origin };
        decision.Change(CustomerGrains.Id(scope.Partition, customerId), enrolled);
        if (card is not null)
        {
            decision.Change(CustomerKeys.Grain(scope.Partition, card.Hash), new KeyTaken(customerId) { At = now });
        }

        return CustomerEvolution.Evolve(customer, enrolled);
    }

    private static void SendIssues(Decision decision, TenantScope scope, string customerId, PurchaseRecorded sale)
    {
        foreach (var effect in JointTriggers.ForPurchase(
            scope.Tenant, scope.TenantId, Seen(scope.Tenant, customerId, sale, sale.At)))
        {
            decision.Send(effect);
        }
    }

    private static void SendVoids(
        Decision decision, TenantScope scope, string customerId, PurchaseRecorded sale, PurchaseState after, Instant now)
    {
        var returned = new ReturnSeen(
            Seen(scope.Tenant, customerId, sale, sale.At),
            sale.Total - after.Amount,
            RemainingCategories(sale, after),
            after.IsWhole,
            now);
        foreach (var effect in JointTriggers.ForReturn(scope.Tenant, scope.TenantId, returned))
        {
            decision.Send(effect);
        }
    }

    private static PurchaseSeen Seen(TenantState tenant, string customerId, PurchaseRecorded sale, Instant at) => new(
        customerId,
        sale.Origin?.BrandId ?? "",
        sale.Origin?.StoreId ?? "",
        sale.Source,
        sale.PurchaseId,
        sale.Total,
        tenant.Currency,
        sale.Lines.IsDefaultOrEmpty ? [] : [.. sale.Lines.Select(line => line.Category ?? "")],
        at);

    private static ImmutableArray<string> RemainingCategories(PurchaseRecorded sale, PurchaseState after)
    {
        if (sale.Lines.IsDefaultOrEmpty) return [];

        return [.. sale.Lines
            .Where(line => after.Returned(line.LineId).Amount < line.Amount
                || after.Returned(line.LineId).Quantity < line.Quantity)
            .Select(line => line.Category ?? "")];
    }
}
