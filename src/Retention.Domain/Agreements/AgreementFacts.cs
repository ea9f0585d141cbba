using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Agreements;

/// <summary>What happened to an agreement.</summary>
[JsonDerivedType(typeof(AgreementProposed), "agreement-proposed")]
[JsonDerivedType(typeof(AgreementAccepted), "agreement-accepted")]
[JsonDerivedType(typeof(AgreementAmended), "agreement-amended")]
[JsonDerivedType(typeof(AgreementPaused), "agreement-paused")]
[JsonDerivedType(typeof(AgreementResumed), "agreement-resumed")]
[JsonDerivedType(typeof(AgreementEnded), "agreement-ended")]
public abstract record AgreementFact
{
    public Instant At { get; init; }
}

/// <param name="CodeKey">256 random bits, base64: coupon codes are drawn from it.</param>
/// <param name="FirstPseudonymKey">256 random bits, base64, for the first leg; likewise the second.</param>
/// <param name="IsSandbox">Proposed on a virtual clock.</param>
public sealed record AgreementProposed(
    string AgreementId,
    Party First,
    Party Second,
    AgreementTerms Terms,
    int TermsVersion,
    string CodeKey,
    string FirstPseudonymKey,
    string SecondPseudonymKey,
    bool IsSandbox) : AgreementFact;

public sealed record AgreementAccepted(Side Side, int TermsVersion) : AgreementFact;

/// <summary>Other terms are proposed. They replace what was proposed before, and come into force when both accept them.</summary>
public sealed record AgreementAmended(Side Side, AgreementTerms Terms, int TermsVersion) : AgreementFact;

public sealed record AgreementPaused(Side Side) : AgreementFact;

public sealed record AgreementResumed(Side Side) : AgreementFact;

public sealed record AgreementEnded(Side Side) : AgreementFact
{
    /// <summary>Exclusive end of the notice, to which coupons are issued; null: at once.</summary>
    public Instant? EndsAt { get; init; }
}
