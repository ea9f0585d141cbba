using System.Text.Json.Serialization;
using Retention.Domain.Json;
using Retention.Kernel;

namespace Retention.Domain.Tenants;

/// <summary>Where a tenant's grain lives and how it is stored.</summary>
public static class TenantGrains
{
    public const string Kind = "tenant";

    public static readonly IGrainKind Tenant = new JsonGrainKind<TenantState, TenantFact>(
        Kind,
        TenantState.Initial,
        TenantDecider.Evolve,
        TenantJson.Default.TenantState,
        TenantJson.Default.TenantFact);

    public static GrainId Id(string tenantId) => new(PartitionId.Tenant(tenantId), Kind, tenantId);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    Converters = [typeof(InstantJson), typeof(LocalDateJson)])]
[JsonSerializable(typeof(TenantState))]
[JsonSerializable(typeof(TenantFact))]
[JsonSerializable(typeof(CreateTenant))]
internal sealed partial class TenantJson : JsonSerializerContext;
