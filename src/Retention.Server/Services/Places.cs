using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>
/// Where a request comes from. The credential tells it; for a credential of the whole tenant the brand is the one named,
/// the store's, or the only one the tenant has.
/// </summary>
internal sealed class Places(IGrainHost grains)
{
    private const int TillLengthMax = 64;

    /// <summary>For what needs a brand: sales, returns, orders.</summary>
    /// <param name="tillId">Null where the request has no such field; likewise the cashier's.</param>
    public async ValueTask<Origin> SellingAsync(
        CallContext call, string brandId, string storeId, string? tillId, string? cashierId)
    {
        var caller = call.Caller();
        var asked = RequestField.OptionalId(brandId, "brand_id");
        var store = RequestField.OptionalId(caller.StoreOr(storeId), "store_id");
        var brand = asked ?? caller.BrandId ?? await BrandAsync(call, store)
            ?? throw RequestField.Invalid("brand_id", "required");
        return Of(caller, brand, store, tillId, cashierId);
    }

    /// <summary>For what may happen without a brand, e.g. at the tenant's desk.</summary>
    public async ValueTask<Origin> AnywhereAsync(CallContext call, string storeId, string? tillId, string? cashierId)
    {
        var caller = call.Caller();
        var store = RequestField.OptionalId(caller.StoreOr(storeId), "store_id");
        var brand = caller.BrandId ?? (store is null ? null : await BrandAsync(call, store));
        return Of(caller, brand ?? "", store, tillId, cashierId);
    }

    /// <summary>
    /// The brand whose order it is, so that a till and an office of the tenant mean the same order; empty where nothing
    /// tells it.
    /// </summary>
    public async ValueTask<string> OfOrderAsync(CallContext call, string storeId) =>
        call.Caller().BrandId ?? await BrandAsync(call, RequestField.OptionalId(storeId, "store_id")) ?? "";

    /// <summary>The brand that a request names, which must be there; null: it names none.</summary>
    public async ValueTask<string?> NamedAsync(CallContext call, string brandId)
    {
        if (RequestField.OptionalId(brandId, "brand_id") is not { } brand) return null;
        var isOwn = call.Caller().BrandId is not { } own || own == brand;
        return isOwn && (await TenantAsync(call)).Brands.ContainsKey(brand)
            ? brand
            : throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.BrandNotFound, ("brand_id", brand)));
    }

    /// <summary>A till that does not name both, in a request that could: the program says whether that may be.</summary>
    public static bool LacksTillIds(Caller caller, string tillId, string cashierId) =>
        caller.Role == Role.Store && (tillId.Length == 0 || cashierId.Length == 0);

    private static Origin Of(Caller caller, string brand, string? store, string? tillId, string? cashierId) => new(
        caller.CredentialId,
        brand,
        store,
        Optional(RequestField.OptionalText(tillId ?? "", "till_id", TillLengthMax)),
        Optional(RequestField.OptionalText(cashierId ?? "", "cashier_id", TillLengthMax)))
    {
        LacksTillIds = tillId is not null && LacksTillIds(caller, tillId, cashierId ?? ""),
    };

    // Empty for a store that does not exist: the turn refuses it.
    private async ValueTask<string?> BrandAsync(CallContext call, string? store)
    {
        var tenant = await TenantAsync(call);
        if (store is not null) return tenant.Stores.GetValueOrDefault(store)?.BrandId ?? "";
        return tenant.Brands.Count == 1 ? tenant.Brands.Values.First().BrandId : null;
    }

    private async ValueTask<TenantState> TenantAsync(CallContext call)
    {
        var caller = call.Caller();
        var read = new Command(caller.Partition, [], 0, TenantTurns.Read(caller.TenantId));
        return (TenantState)Asking.Granted(await grains.AskAsync(read, call.Cancellation));
    }

    private static string? Optional(string text) => text.Length == 0 ? null : text;
}
