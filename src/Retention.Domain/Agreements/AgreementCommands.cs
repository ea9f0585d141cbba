using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Tenants;

namespace Retention.Domain.Agreements;

/// <summary>Who asks, as its own tenant's grain and credential say.</summary>
/// <param name="BrandId">The brand that the credential is bound to; empty: all of the tenant's.</param>
/// <param name="Currency">The tenant's.</param>
/// <param name="Now">The tenant's time.</param>
/// <param name="IsSandbox">Whether that time is virtual.</param>
public sealed record Asker(string TenantId, string BrandId, string Currency, Instant Now, bool IsSandbox)
{
    /// <summary>The company that runs the store which asks; null: the tenant itself, or no store.</summary>
    public string? EntityId { get; init; }

    /// <summary>The customer whom the till names, as each of the tenant's sides knows him; empty when it names none.</summary>
    public ImmutableArray<SidePseudonym> Customer { get; init; } = [];

    /// <summary>The tenant's.</summary>
    public ImmutableSortedDictionary<string, Brand> Brands { get; init; } = ImmutableSortedDictionary<string, Brand>.Empty;

    public static Asker Of(TenantState tenant, string brandId, Instant nodeTime) =>
        new(tenant.TenantId, brandId, tenant.Currency, tenant.Now(nodeTime), tenant.VirtualNow is not null)
        {
            Brands = tenant.Brands,
        };
}

public readonly record struct SidePseudonym(Side Side, string Pseudonym);

/// <param name="CodeKey">256 fresh random bits, base64; likewise the pseudonym keys.</param>
public sealed record ProposeAgreement(
    string AgreementId,
    Party First,
    Party Second,
    AgreementTerms Terms,
    string CodeKey,
    string FirstPseudonymKey,
    string SecondPseudonymKey);

/// <summary>An agreement as one of its parties sees it.</summary>
/// <param name="Own">The asker's sides: one, or both where one tenant has both brands.</param>
/// <param name="ClosesAt">When nothing can happen any more, as far as is known; null: no end was told.</param>
public sealed record AgreementView(AgreementState State, IReadOnlyList<Side> Own, Instant At, Instant? ClosesAt)
{
    public AgreementStatus Status => State.EndAt is not { } end ? State.Status
        : At < end ? AgreementStatus.Ending
        : At < ClosesAt ? AgreementStatus.Ended
        : AgreementStatus.Closed;
}
