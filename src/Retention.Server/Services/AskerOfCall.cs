using Google.Protobuf;
using Retention.Domain.Agreements;
using Retention.Domain.Tenants;
using Retention.Engine.Ports;
using Retention.Server.Rpc;
using Retention.Transport;

namespace Retention.Server.Services;

/// <summary>Agreements do not see tenants: the caller's own tenant says what it brings along, above all its time.</summary>
internal static class AskerOfCall
{
    public static async ValueTask<Asker> Asker(this IGrainHost grains, CallContext call, IMessage request)
    {
        var caller = call.Caller();
        var tenant = await grains.Read<TenantState>(call, request, caller.Partition, TenantTurns.Read(caller.TenantId));
        return Domain.Agreements.Asker.Of(tenant, caller.BrandId ?? "", grains.Now);
    }
}
