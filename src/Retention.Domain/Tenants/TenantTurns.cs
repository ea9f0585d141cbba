using Retention.Kernel;

namespace Retention.Domain.Tenants;

/// <summary>Turns over a tenant's one grain.</summary>
public static class TenantTurns
{
    /// <summary>Decides on the tenant, e.g. <c>On(id, tenant => TenantDecider.Decide(tenant, command))</c>.</summary>
    public static Func<ITurn, Decision> On(string tenantId, Func<TenantState, Decision> decide)
    {
        var grain = TenantGrains.Id(tenantId);
        return turn => decide(turn.State<TenantState>(grain));
    }

    /// <summary>The tenant as it is, refused where it does not exist.</summary>
    public static Func<ITurn, Decision> Read(string tenantId) => On(tenantId, tenant => tenant.Exists
        ? Decision.With(tenant)
        : Refusal.Because(RefusalReason.TenantNotFound));
}
