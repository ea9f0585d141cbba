using System.Text.Json.Serialization;
using Retention.Domain.Json;
using Retention.Kernel;

namespace Retention.Domain.Entities;

/// <summary>Clearing between the companies (legal entities) of one tenant.</summary>
public static class EntityArea
{
    public const string Kind = "entity-account";

    public static readonly IGrainKind Account = new JsonGrainKind<EntityAccountState, EntityFact>(
        Kind,
        EntityAccountState.Initial,
        static (state, fact) => state.Evolve(fact),
        EntityStateJson.Default.EntityAccountState,
        EntityFactJson.Default.EntityFact);

    public static readonly Area Area = new(Account);

    /// <summary>One account for each pair, whoever comes first.</summary>
    public static GrainId AccountId(string tenantId, string one, string other)
    {
        var (first, second) = Ordered(one, other);
        return new GrainId(PartitionId.Tenant(tenantId), Kind, first + "|" + second);
    }

    public static (string First, string Second) Ordered(string one, string other) =>
        string.CompareOrdinal(one, other) <= 0 ? (one, other) : (other, one);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters = [typeof(InstantJson), typeof(LocalDateJson)])]
[JsonSerializable(typeof(EntityFact))]
internal sealed partial class EntityFactJson : JsonSerializerContext;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    IgnoreReadOnlyProperties = true,
    Converters = [typeof(InstantJson), typeof(LocalDateJson)])]
[JsonSerializable(typeof(EntityAccountState))]
internal sealed partial class EntityStateJson : JsonSerializerContext;
