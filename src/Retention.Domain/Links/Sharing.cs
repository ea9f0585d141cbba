using System.Collections.Immutable;
using Retention.Domain.Customers;

namespace Retention.Domain.Links;

/// <summary>
/// Whether a customer allows one brand to pass his pseudonym to a partner. The channel does not matter: the latest word
/// counts, and of words of one moment the "no".
/// </summary>
public static class Sharing
{
    public const string Purpose = "sharing";

    public static bool IsGranted(ImmutableArray<Consent> consents, string brandId) =>
        Latest(consents, brandId) is { IsGranted: true };

    /// <summary>He said no. Who said nothing has not forbidden what only the coupon's bearer needs.</summary>
    public static bool IsForbidden(ImmutableArray<Consent> consents, string brandId) =>
        Latest(consents, brandId) is { IsGranted: false };

    private static Consent? Latest(ImmutableArray<Consent> consents, string brandId)
    {
        if (consents.IsDefaultOrEmpty) return null;

        Consent? latest = null;
        foreach (var consent in consents)
        {
            if (consent.Purpose != Purpose || consent.BrandId != brandId) continue;
            var isNewer = latest is null
                || consent.ChangedAt > latest.ChangedAt
                || (consent.ChangedAt == latest.ChangedAt && !consent.IsGranted);
            if (isNewer) latest = consent;
        }

        return latest;
    }
}
