using NodaTime;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Customers;

/// <summary>The tenant as a turn sees it, and the grains that the turn may touch: those of its partition only.</summary>
public readonly record struct TenantScope(ITurn Turn, string TenantId, PartitionId Partition, TenantState Tenant)
{
    public static TenantScope Of(ITurn turn, string tenantId)
    {
        var partition = PartitionId.Tenant(tenantId);
        return new TenantScope(
            turn, tenantId, partition, turn.State<TenantState>(new GrainId(partition, TenantGrains.Kind, tenantId)));
    }

    public Instant Now => Tenant.Now(Turn.Time);

    public CustomerState Customer(string customerId) =>
        Turn.State<CustomerState>(CustomerGrains.Id(Partition, customerId));

    public KeyState Key(string hash) => Turn.State<KeyState>(CustomerKeys.Grain(Partition, hash));

    /// <summary>Null where the caller names no brand, or a brand and store that belong to the tenant and together.</summary>
    public Refusal? CheckPlace(Origin origin)
    {
        if (!Tenant.Exists) return Refusal.Because(RefusalReason.TenantNotFound);
        if (origin.BrandId.Length > 0 && !Tenant.Brands.ContainsKey(origin.BrandId))
        {
            return Refusal.Because(RefusalReason.BrandNotFound);
        }

        if (!string.IsNullOrEmpty(origin.StoreId)
            && !(Tenant.Stores.TryGetValue(origin.StoreId, out var store) && store.BrandId == origin.BrandId))
        {
            return Refusal.Because(RefusalReason.StoreNotFound);
        }

        return origin.LacksTillIds && Tenant.Program.Till.RequiresTillIds
            ? Refusal.Because(
                RefusalReason.FieldInvalid,
                ("field", origin.TillId is null ? "till_id" : "cashier_id"),
                ("rule", "required_by_require_till_ids"))
            : null;
    }

    /// <summary>The customer that an id or card names. The card must work unless the caller only looks.</summary>
    public FoundCustomer Find(CustomerRef reference, bool mayBeBlocked = false)
    {
        if (reference.CustomerId is { } id) return new FoundCustomer(id, Customer(id), null, null);
        if (reference.CardNumber is not { } card) return FoundCustomer.None;

        return FindBy(CustomerKeyKind.Card, card, mayBeBlocked);
    }

    /// <summary>The customer that a card, e-mail or phone leads to.</summary>
    public FoundCustomer FindBy(CustomerKeyKind kind, string address, bool mayBeBlocked)
    {
        // Without the tenant's state there is no key to look anything up with.
        if (!Turn.IsComplete || !Tenant.Exists) return FoundCustomer.None;

        var key = CustomerKeys.Of(kind, address, Tenant.LookupKey);
        var leads = Key(key.Hash);
        if (leads.CustomerId is not { } customerId) return FoundCustomer.None with { Key = key };

        return leads.IsBlocked && !mayBeBlocked
            ? FoundCustomer.None with { Refusal = Refusal.Because(RefusalReason.CardBlocked) }
            : new FoundCustomer(customerId, Customer(customerId), key, null);
    }
}

/// <param name="CustomerId">Empty when nobody was found.</param>
/// <param name="Key">The key by which he was looked for, if it was one.</param>
/// <param name="Refusal">Why the key leads nowhere although it is known.</param>
public readonly record struct FoundCustomer(string CustomerId, CustomerState State, CustomerKey? Key, Refusal? Refusal)
{
    public static readonly FoundCustomer None = new("", CustomerState.Initial, null, null);
}
