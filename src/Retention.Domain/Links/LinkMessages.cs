using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Links;

/// <summary>Names of the effects by which tenants and agreements speak of links. Their payloads stand below.</summary>
public static class LinkMessages
{
    /// <summary>Tenant to agreement: <see cref="OfferLink"/>.</summary>
    public const string Offer = "offer-link";

    /// <summary>Tenant to agreement: <see cref="ChangeStanding"/>.</summary>
    public const string Standing = "change-standing";

    /// <summary>Tenant to agreement: <see cref="EndLink"/>.</summary>
    public const string End = "end-link";

    /// <summary>Agreement to each side's tenant: <see cref="LinkMade"/>.</summary>
    public const string Made = "link-made";

    /// <summary>Agreement to each side's tenant: <see cref="LinkEnded"/>.</summary>
    public const string Ended = "link-ended";
}

/// <summary>A customer consented and took a token.</summary>
/// <param name="TokenHash">SHA-256 of the token, hex.</param>
/// <param name="Pseudonym">Pairwise: 32 hex digits.</param>
/// <param name="Customer">The customer's id, sealed: only his own tenant opens it.</param>
/// <param name="ExpiresAt">The token is no good from then on.</param>
public sealed record OfferLink(
    Side Side, string TokenHash, string Pseudonym, string Customer, Instant ExpiresAt, Instant At);

/// <summary>What a customer allows changed, or whether he is there at all.</summary>
public sealed record ChangeStanding(Side Side, string Pseudonym, Standing Standing, Instant At);

/// <summary>A side's customer wants the link no more. A link of another id is not meant.</summary>
public sealed record EndLink(Side Side, string Pseudonym, string LinkId, Instant At);

/// <param name="Customer">The receiving tenant's own, sealed.</param>
public sealed record LinkMade(string AgreementId, Side Side, string Customer, string LinkId, Instant At);

/// <param name="Customer">The receiving tenant's own, sealed.</param>
public sealed record LinkEnded(string AgreementId, string Customer, string LinkId, Instant At);
