using NodaTime;
using Retention.Domain.Customers;

namespace Retention.Domain.Purchases;

/// <param name="Origin">Where it names a store, only that store's own sales are found.</param>
public sealed record VoidPurchase(string Source, string PurchaseId, string Reason, Origin Origin);

/// <param name="CustomerId">Whose sale it is.</param>
public sealed record ReassignPurchase(
    string Source, string PurchaseId, string CustomerId, string Reason, Origin Origin);

public sealed record VoidReceipt(string CustomerId, VoidRecorded Void, string Currency, PointsBalance Balance);

/// <param name="Sale">As it is now, with the lot of the customer who has it.</param>
/// <param name="Balance">Of the customer who has it now.</param>
public sealed record ReassignReceipt(
    string CustomerId,
    PurchaseRecorded Sale,
    PurchaseHandedOver HandedOver,
    string From,
    string Currency,
    PointsBalance Balance,
    Instant At);
