using System.Text.Json.Serialization;
using Retention.Domain.Json;
using Retention.Domain.Purchases;
using Retention.Kernel;

namespace Retention.Domain.Customers;

/// <summary>Where customers, their keys and their returned purchases live, and how they are stored.</summary>
public static class CustomerGrains
{
    public const string Kind = "customer";

    public static readonly IGrainKind Customer = new JsonGrainKind<CustomerState, CustomerFact>(
        Kind,
        CustomerState.Initial,
        CustomerEvolution.Evolve,
        CustomerJson.Default.CustomerState,
        CustomerJson.Default.CustomerFact);

    public static readonly IGrainKind Key = new JsonGrainKind<KeyState, KeyFact>(
        KeyState.Kind,
        KeyState.Initial,
        KeyState.Evolve,
        CustomerJson.Default.KeyState,
        CustomerJson.Default.KeyFact);

    public static readonly IGrainKind Purchase = new JsonGrainKind<PurchaseState, PurchaseFact>(
        PurchaseState.Kind,
        PurchaseState.Initial,
        PurchaseState.Evolve,
        CustomerJson.Default.PurchaseState,
        CustomerJson.Default.PurchaseFact);

    public static GrainId Id(PartitionId tenant, string customerId) => new(tenant, Kind, customerId);

    public static GrainId PurchaseId(PartitionId tenant, string brandId, string source, string purchaseId) =>
        new(tenant, PurchaseState.Kind, $"{brandId}|{source}|{purchaseId}");
}

[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters = [typeof(InstantJson)])]
[JsonSerializable(typeof(CustomerState))]
[JsonSerializable(typeof(CustomerFact))]
[JsonSerializable(typeof(KeyState))]
[JsonSerializable(typeof(KeyFact))]
[JsonSerializable(typeof(PurchaseState))]
[JsonSerializable(typeof(PurchaseFact))]
public sealed partial class CustomerJson : JsonSerializerContext;
