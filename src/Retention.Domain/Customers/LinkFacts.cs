using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Customers;

/// <summary>The customer took a token for an agreement, which knows his pseudonym from now on.</summary>
public sealed record LinkOffered(
    [property: JsonPropertyName("g")] string AgreementId,
    [property: JsonPropertyName("sd")] Side Side,
    [property: JsonPropertyName("b")] string BrandId,
    [property: JsonPropertyName("x")] Instant ExpiresAt) : CustomerFact;

/// <summary>The agreement knows him at both brands.</summary>
public sealed record CustomerLinked(
    [property: JsonPropertyName("g")] string AgreementId,
    [property: JsonPropertyName("sd")] Side Side,
    [property: JsonPropertyName("b")] string BrandId,
    [property: JsonPropertyName("id")] string LinkId) : CustomerFact;

public sealed record CustomerUnlinked(
    [property: JsonPropertyName("g")] string AgreementId,
    [property: JsonPropertyName("id")] string LinkId) : CustomerFact;

/// <summary>An agreement that knows the customer by a pseudonym.</summary>
/// <param name="BrandId">The tenant's brand of that side.</param>
/// <param name="LinkId">Empty: he is not linked, or no longer.</param>
public sealed record CustomerLink(
    [property: JsonPropertyName("g")] string AgreementId,
    [property: JsonPropertyName("sd")] Side Side,
    [property: JsonPropertyName("b")] string BrandId,
    [property: JsonPropertyName("id")] string LinkId = "")
{
    [JsonIgnore]
    public bool IsLinked => LinkId.Length > 0;

    public bool IsOf(string agreementId, Side side) => AgreementId == agreementId && Side == side;
}
