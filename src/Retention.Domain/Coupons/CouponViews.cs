using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;

namespace Retention.Domain.Coupons;

/// <summary>Coupons as a read shows them.</summary>
public static class CouponViews
{
    public static CouponView Own(string code, CouponState coupon, OfferState offer, TenantState tenant, Instant now)
    {
        var terms = offer.Offer ?? throw new InvalidOperationException("A coupon's offer does not exist.");
        var end = terms.Validity.EndsBefore(OfferRules.Zone(terms, tenant));
        var expiresAt = coupon.ExpiresAt is { } own && (end is null || own < end) ? own : end;
        var status = coupon.IsVoided ? CouponStatus.Voided
            : coupon.IsRedeemed ? CouponStatus.Redeemed
            : expiresAt <= now ? CouponStatus.Expired
            : CouponStatus.Open;
        return Of(code, CouponCode.CouponId(code), terms, tenant, status, expiresAt);
    }

    /// <summary>A generic code shows its offer: it is never used up by one redemption.</summary>
    public static CouponView Generic(Offer offer, TenantState tenant, Instant now)
    {
        var end = offer.Validity.EndsBefore(OfferRules.Zone(offer, tenant));
        return Of(offer.Code, "", offer, tenant, end <= now ? CouponStatus.Expired : CouponStatus.Open, end);
    }

    /// <summary>A joint coupon as its holder's wallet knows it: open.</summary>
    public static CouponView Joint(JointCoupon coupon) => new(
        coupon.CouponId,
        coupon.Code,
        "",
        "",
        coupon.AgreementId,
        coupon.RedeemingBrandId,
        CouponStatus.Open,
        coupon.DiscountMinorUnits,
        coupon.Currency,
        coupon.ExpiresAt);

    private static CouponView Of(
        string code, string couponId, Offer offer, TenantState tenant, CouponStatus status, Instant? expiresAt) => new(
        couponId,
        code,
        offer.OfferId,
        offer.CampaignId,
        "",
        offer.BrandId,
        status,
        offer.Discount.ShareBps > 0 ? null : offer.Discount.Most,
        tenant.Currency,
        expiresAt);
}
