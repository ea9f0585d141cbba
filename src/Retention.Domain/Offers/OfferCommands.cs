using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Coupons;

namespace Retention.Domain.Offers;

/// <param name="Offer">With its code as typed and its limits as asked; nothing of it is trusted.</param>
/// <param name="Currency">Of its amounts; empty when it names none.</param>
public sealed record CreateOffer(string TenantId, Offer Offer, string Currency);

public sealed record AddOfferTargets(string TenantId, string OfferId, ImmutableArray<string> CustomerIds)
{
    public const int CustomersMax = 1000;
}

/// <param name="CustomerId">The holder of the one coupon; empty for bearer coupons.</param>
/// <param name="Codes">Canonical unique codes from fresh randomness, one for each coupon.</param>
public sealed record IssueCoupons(string TenantId, string OfferId, string CustomerId, ImmutableArray<string> Codes)
{
    public const int CouponsMax = 500;
}

/// <summary>One offer as a read shows it.</summary>
/// <param name="Currency">Of the tenant, and so of all amounts.</param>
/// <param name="Now">As of when.</param>
public sealed record OfferView(OfferState State, string Currency, Instant Now);

/// <param name="NextIndex">Where the next page begins; null at the end.</param>
public sealed record OfferPage(ImmutableArray<OfferView> Offers, int? NextIndex);

public sealed record TargetsAdded(int Added, long Total);

public sealed record CouponsIssued(ImmutableArray<CouponView> Coupons);
