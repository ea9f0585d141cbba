using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Domain.Tills;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Purchases;

/// <summary>Turns over sales: record, return, read.</summary>
public static class PurchaseTurns
{
    /// <summary>
    /// Refuses, in this order: FIELD_INVALID, LIMIT_TOO_MANY, TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND,
    /// FIELD_INVALID (till ids), CURRENCY_MISMATCH, FIELD_INVALID (a time too far ahead), CARD_BLOCKED, CUSTOMER_NOT_FOUND,
    /// OWN_CARD, CARD_VELOCITY.
    /// </summary>
    public static Decision Record(ITurn turn, string tenantId, RecordPurchase command)
    {
        if (PointsDecider.Check(command) is { } malformed) return malformed;

        var scope = TenantScope.Of(turn, tenantId);
        var found = scope.Find(command.Customer);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? CheckMoney(scope.Tenant, command) ?? CheckTime(scope, command)) is { } misplaced)
        {
            return misplaced;
        }

        if (found.Refusal is { } blocked) return blocked;

        var enrolls = command.EnrollsUnknown && !found.State.IsEnrolled;
        var customerId = enrolls && found.CustomerId.Length == 0 ? CustomerIds.OfCard(found.Key) : found.CustomerId;
        if (!enrolls && !found.State.IsActive) return Because(CustomerNotFound);

        // A derived id may be taken by a customer whose card was replaced: he is not the one who holds this card.
        var customer = enrolls && found.CustomerId.Length == 0 ? scope.Customer(customerId) : found.State;
        if (!turn.IsComplete) return Decision.Silent();
        if (enrolls && customer.IsEnrolled) return Because(CustomerNotFound);

        var (joint, unknown) = JointSales.Find(turn, scope.Tenant, scope.Partition, command.RedemptionIds);
        if (!turn.IsComplete) return Decision.Silent();

        var decision = Decision.Silent();
        var now = customer.Now(scope.Now);
        var till = TillCheck.Of(turn, scope, customerId, command.Origin, command.PurchasedAt ?? now, now);
        if (!turn.IsComplete) return Decision.Silent();
        if (till.Refusal is { } abused) return abused;
        if (enrolls) customer = Enroll(decision, scope, customerId, customer, found.Key, command.Origin, now);

        var (fact, refusal) = PointsDecider.Record(customer, scope.Tenant, command, now);
        if (fact is null) return refusal!;

        var after = CustomerEvolution.Evolve(customer, fact);
        decision.Change(CustomerGrains.Id(scope.Partition, customerId), fact, seen: customer, folded: after);
        PurchaseNews.SendSales(decision, scope, customerId, fact, joint);
        till.Write(decision, scope, customerId, command.Origin, $"{command.Source}/{command.PurchaseId}", now);
        PurchaseNews.SendIssues(decision, scope, customer, customerId, fact, joint);
        return decision.Answer(new PurchaseReceipt(customerId, fact, scope.Tenant.Currency, PointsBalance.Of(after, now))
        {
            UnknownRedemptionIds = unknown,
            Flags = till.Flags,
        });
    }

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, PURCHASE_NOT_FOUND, PURCHASE_VOIDED,
    /// LIMIT_TOO_MANY, FIELD_INVALID, CURRENCY_MISMATCH, LINE_NOT_FOUND, RETURN_EXCEEDS_PURCHASE. An erased customer's purchase may come back.
    /// </summary>
    public static Decision Return(ITurn turn, string tenantId, ReturnPurchase command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var brandId = command.Origin.BrandId;
        var sold = SoldPurchase.Find(turn, scope, brandId, command.Source, command.PurchaseId);
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(command.Origin) is { } misplaced) return misplaced;
        if (sold is null) return Because(PurchaseNotFound);
        if (sold.State.IsVoided) return Because(RefusalReason.PurchaseVoided);

        var (customer, sale) = (sold.Customer, sold.Sale);
        var state = turn.State<CustomerState>(customer);
        var (joint, _) = JointSales.Find(turn, scope.Tenant, scope.Partition, sale.RedemptionIds);
        if (!turn.IsComplete) return Decision.Silent();

        var now = state.Now(scope.Now);
        var (returned, refusal) = ReturnDecider.Decide(
            sold.State, sale, customer.Key, scope.Tenant.Currency, command, now);
        if (returned is null) return refusal!;

        var reversal = PointsDecider.Reverse(state, scope.Tenant.Program, sale, returned, command, now);
        var decision = Decision.Silent().Change(customer, reversal).Change(sold.Grain, returned);
        PurchaseNews.SendSaleReturns(decision, scope, sold, PurchaseState.Evolve(sold.State, returned), joint, now);
        PurchaseNews.SendVoids(decision, scope, sold, PurchaseState.Evolve(sold.State, returned), now);

        var after = CustomerEvolution.Evolve(state, reversal);
        return decision.Answer(new ReturnReceipt(customer.Key, reversal, scope.Tenant.Currency, PointsBalance.Of(after, now)));
    }

    public static Decision Read(ITurn turn, string tenantId, string brandId, string source, string purchaseId)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var sold = SoldPurchase.Find(turn, scope, brandId, source, purchaseId);
        if (!turn.IsComplete) return Decision.Silent();

        return sold is null
            ? Because(PurchaseNotFound)
            : Decision.With(new PurchaseView(sold.Customer.Key, sold.Sale, scope.Tenant.Currency, sold.State));
    }

    // A till's clock may be a little ahead; a sale of next week is a typing error or worse.
    private static Refusal? CheckTime(TenantScope scope, RecordPurchase command)
    {
        var minutes = scope.Tenant.Program.Till.PurchaseAheadMinutes;
        return command.PurchasedAt is { } at && at > scope.Now + Duration.FromMinutes(minutes)
            ? Because(
                FieldInvalid,
                ("field", "purchase_time"),
                ("rule", "at_most_purchase_ahead_minutes_after_now"),
                ("purchase_ahead_minutes", minutes),
                ("time", scope.Now))
            : null;
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
}
