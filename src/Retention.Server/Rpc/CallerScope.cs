using Google.Protobuf;
using Retention.Domain.Tenants;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Rpc;

/// <summary>
/// Keeps a credential that is bound to a brand or store within it: a request that names another one,
/// in a field that the protos declare as such, is answered as if that one did not exist.
/// </summary>
public static class CallerScope
{
    public static ValueTask CheckAsync(IGrainHost host, CallContext call, IMessage request)
    {
        var caller = call.Caller();
        return caller.BrandId is null && caller.StoreId is null ? default : CheckBoundAsync(host, call, caller, request);
    }

    private static async ValueTask CheckBoundAsync(IGrainHost host, CallContext call, Caller caller, IMessage request)
    {
        var named = ReferredIds.Of(request);
        for (var i = 0; i < named.Count; i++)
        {
            var (refersTo, id) = named[i];
            if (refersTo == RefersTo.Brand && caller.BrandId is { } brand && id != brand)
            {
                throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.BrandNotFound, ("brand_id", id)));
            }

            if (refersTo == RefersTo.Store && !await IsOwnStoreAsync(host, call, caller, id))
            {
                throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.StoreNotFound, ("store_id", id)));
            }
        }
    }

    private static async ValueTask<bool> IsOwnStoreAsync(IGrainHost host, CallContext call, Caller caller, string id)
    {
        if (caller.StoreId is { } store) return id == store;
        var tenant = TenantGrains.Id(caller.TenantId);
        Decision BrandOf(ITurn turn) =>
            Decision.With(turn.State<TenantState>(tenant).Stores.GetValueOrDefault(id)?.BrandId ?? "");
        var answer = await host.AskAsync(new Command(caller.Partition, [], 0, BrandOf), call.Cancellation);
        return (string)Asking.Granted(answer) == caller.BrandId;
    }
}
