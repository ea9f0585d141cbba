using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>A cashier's error: what the sale did to the customer is taken back, as a return of all of it would.</summary>
/// <param name="Amount">Minor units of the sale.</param>
/// <param name="Reversed">Millipoints; slices, dead, debt and forgiven add up to it.</param>
public sealed record VoidRecorded(
    [property: JsonPropertyName("s")] string Source,
    [property: JsonPropertyName("i")] string PurchaseId,
    [property: JsonPropertyName("a")] long Amount,
    [property: JsonPropertyName("q")] long Reversed,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Slices,
    [property: JsonPropertyName("z")] long Dead,
    [property: JsonPropertyName("d")] long Debt,
    [property: JsonPropertyName("w")] long Forgiven,
    [property: JsonPropertyName("why")] string? Reason) : CustomerFact;

/// <summary>The sale was another customer's: its points leave this one as in a return of all of it.</summary>
/// <param name="To">The customer whose sale it is.</param>
public sealed record PurchaseHandedOver(
    [property: JsonPropertyName("s")] string Source,
    [property: JsonPropertyName("i")] string PurchaseId,
    [property: JsonPropertyName("to")] string To,
    [property: JsonPropertyName("a")] long Amount,
    [property: JsonPropertyName("q")] long Reversed,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Slices,
    [property: JsonPropertyName("z")] long Dead,
    [property: JsonPropertyName("d")] long Debt,
    [property: JsonPropertyName("w")] long Forgiven,
    [property: JsonPropertyName("why")] string? Reason) : CustomerFact;

/// <summary>The other half: the sale's points arrive as a lot that expires when the first one did.</summary>
/// <param name="From">The customer for whom it was recorded.</param>
/// <param name="BrandId">The selling brand, which owes the points.</param>
/// <param name="PaidDebt">The part that paid an older debt; the lot starts with the rest.</param>
/// <param name="LotNumber">0 when nothing was accrued.</param>
public sealed record PurchaseTakenOver(
    [property: JsonPropertyName("s")] string Source,
    [property: JsonPropertyName("i")] string PurchaseId,
    [property: JsonPropertyName("from")] string From,
    [property: JsonPropertyName("b")] string BrandId,
    [property: JsonPropertyName("t")] Instant PurchasedAt,
    [property: JsonPropertyName("a")] long Amount,
    [property: JsonPropertyName("q")] long Accrued,
    [property: JsonPropertyName("d")] long PaidDebt,
    [property: JsonPropertyName("n")] long LotNumber,
    [property: JsonPropertyName("v")] int RuleVersion,
    [property: JsonPropertyName("x")] Instant? ExpiresAt,
    [property: JsonPropertyName("why")] string? Reason) : CustomerFact
{
    /// <summary>The company whose store sold; null: the tenant itself.</summary>
    [JsonPropertyName("e")]
    public string? EntityId { get; init; }
}
