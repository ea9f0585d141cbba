using Retention.Domain.Customers;
using Retention.Kernel;

namespace Retention.Domain.Purchases;

/// <summary>A sale as it stands: who has it now, what it was, and what has become of it.</summary>
/// <param name="Customer">The buyer, or the one to whom the sale was reassigned.</param>
/// <param name="Sale">As recorded; its lot number is that of the customer who has it now.</param>
public sealed record SoldPurchase(GrainId Customer, PurchaseRecorded Sale, GrainId Grain, PurchaseState State)
{
    /// <summary>Null when nothing was sold under this number.</summary>
    public static SoldPurchase? Find(ITurn turn, TenantScope scope, string brandId, string source, string purchaseId)
    {
        var grain = CustomerGrains.PurchaseId(scope.Partition, brandId, source, purchaseId);
        var state = turn.State<PurchaseState>(grain);
        foreach (var change in turn.Recorded(LedgerKey.Purchase(scope.TenantId, brandId, source, purchaseId)) ?? [])
        {
            if (change.Fact is not PurchaseRecorded sale) continue;
            return state.Holder is { } holder
                ? new SoldPurchase(
                    CustomerGrains.Id(scope.Partition, holder), sale with { LotNumber = state.HolderLot }, grain, state)
                : new SoldPurchase(change.Grain, sale, grain, state);
        }

        return null;
    }
}
