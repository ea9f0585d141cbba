using System.Text.Json.Serialization;

namespace Retention.Domain.Customers;

/// <summary>Who asked for a change and where. Empty parts are not stored; nothing here names a customer.</summary>
/// <param name="By">The credential's id.</param>
/// <param name="BrandId">The brand the caller acts for; empty for the whole tenant.</param>
/// <param name="StoreId">The store; empty when no store is involved.</param>
/// <param name="TillId">The till's own number.</param>
/// <param name="CashierId">The cashier's number, as the till reports it.</param>
public sealed record Origin(
    [property: JsonPropertyName("by")] string By,
    [property: JsonPropertyName("b")] string BrandId,
    [property: JsonPropertyName("st")] string? StoreId = null,
    [property: JsonPropertyName("ti")] string? TillId = null,
    [property: JsonPropertyName("ca")] string? CashierId = null)
{
    /// <summary>A till asks, in a request that can name till and cashier, and does not name both.</summary>
    [JsonIgnore]
    public bool LacksTillIds { get; init; }
}
