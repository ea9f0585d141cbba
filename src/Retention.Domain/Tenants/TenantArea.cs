using System.Text.Json;
using Retention.Kernel;

namespace Retention.Domain.Tenants;

/// <summary>The tenant's grain, and its birth by an effect from the platform, where it was registered.</summary>
public static class TenantArea
{
    private const string Create = "create-tenant";

    public static readonly Area Area = new(
        [TenantGrains.Tenant],
        new Dictionary<string, EffectTurn> { [Create] = Receive });

    /// <summary>Creates the tenant in its own partition, sent in the commit that registers it.</summary>
    public static Effect ToTenant(CreateTenant command) => new(
        PartitionId.Tenant(command.TenantId),
        Create,
        JsonSerializer.SerializeToUtf8Bytes(command, TenantJson.Default.CreateTenant));

    private static Decision Receive(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var command = JsonSerializer.Deserialize(payload.Span, TenantJson.Default.CreateTenant)
            ?? throw new InvalidOperationException("A received tenant is null.");
        return TenantDecider.Decide(turn.State<TenantState>(TenantGrains.Id(command.TenantId)), command);
    }
}
