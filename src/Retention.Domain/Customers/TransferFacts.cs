using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Retention.Domain.Customers;

/// <summary>Points given or taken by hand.</summary>
/// <param name="Millipoints">Negative: taken.</param>
/// <param name="Taken">From live lots, soonest expiry first.</param>
/// <param name="Given">The new lot; default when taken.</param>
/// <param name="PaidBack">Of the live points afterwards, taken at once to pay a debt.</param>
public sealed record PointsAdjusted(
    [property: JsonPropertyName("m")] long Millipoints,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Taken,
    [property: JsonPropertyName("in")] ImmutableArray<LotSlice> Given,
    [property: JsonPropertyName("pb")] ImmutableArray<LotSlice> PaidBack,
    [property: JsonPropertyName("why")] string Reason) : CustomerFact;

/// <summary>Points went to another customer.</summary>
public sealed record PointsSent(
    [property: JsonPropertyName("id")] string TransferId,
    [property: JsonPropertyName("to")] string To,
    [property: JsonPropertyName("m")] long Millipoints,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Taken,
    [property: JsonPropertyName("why")] string? Reason) : CustomerFact;

/// <summary>The other half: the points arrive with the expiry, rule version and brand that they had.</summary>
/// <param name="Given">New lots, one for each expiry, rule version and brand.</param>
/// <param name="PaidBack">Of the live points afterwards, taken at once to pay a debt.</param>
public sealed record PointsReceived(
    [property: JsonPropertyName("id")] string TransferId,
    [property: JsonPropertyName("from")] string From,
    [property: JsonPropertyName("m")] long Millipoints,
    [property: JsonPropertyName("in")] ImmutableArray<LotSlice> Given,
    [property: JsonPropertyName("pb")] ImmutableArray<LotSlice> PaidBack,
    [property: JsonPropertyName("why")] string? Reason) : CustomerFact;
