using System.Globalization;
using System.Text.Json.Serialization;
using Retention.Domain.Json;
using Retention.Kernel;

namespace Retention.Domain.Offline;

/// <summary>Grains of tills without the network: a tenant's signing keys, and the offline book of a tenant or an agreement.</summary>
public static class OfflineGrains
{
    public static readonly IGrainKind SigningKeys = new JsonGrainKind<SigningKeysState, SigningKeyFact>(
        "signing-keys",
        SigningKeysState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfflineStateJson.Default.SigningKeysState,
        OfflineFactJson.Default.SigningKeyFact);

    public static readonly IGrainKind Book = new JsonGrainKind<OfflineBookState, OfflineFact>(
        "offline-book",
        OfflineBookState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfflineStateJson.Default.OfflineBookState,
        OfflineFactJson.Default.OfflineFact);

    public static readonly Area Area = new(SigningKeys, Book);

    public static GrainId Keys(string tenantId) => new(PartitionId.Tenant(tenantId), "signing-keys", "all");

    public static GrainId Head(PartitionId partition) => new(partition, "offline-book", "head");

    /// <summary>The page that the conflict of this index stands in, from 0.</summary>
    public static GrainId Page(PartitionId partition, long index) => new(
        partition, "offline-book", (index / OfflineBookState.PageSize).ToString(CultureInfo.InvariantCulture));
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters = [typeof(InstantJson)])]
[JsonSerializable(typeof(SigningKeyFact))]
[JsonSerializable(typeof(OfflineFact))]
internal sealed partial class OfflineFactJson : JsonSerializerContext;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    IgnoreReadOnlyProperties = true,
    Converters = [typeof(InstantJson)])]
[JsonSerializable(typeof(SigningKeysState))]
[JsonSerializable(typeof(OfflineBookState))]
internal sealed partial class OfflineStateJson : JsonSerializerContext;
