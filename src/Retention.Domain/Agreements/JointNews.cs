using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>What an agreement tells the issuing tenant of a coupon, and the double entry of a credit.</summary>
public static class JointNews
{
    /// <param name="to">The tenant that can open the coupon's customer; null: the issuing one.</param>
    public static Effect Received(
        AgreementState agreement,
        Leg leg,
        string code,
        JointCouponState coupon,
        Instant at,
        string? to = null) => JointMessages.ToTenant(
        to ?? leg.Issuing.TenantId,
        JointMessages.Received,
        new JointCouponReceived(
            coupon.Customer,
            agreement.AgreementId,
            CouponCode.CouponId(code),
            code,
            leg.Redeeming.BrandId,
            coupon.DiscountMinorUnits,
            agreement.Agreed.Currency,
            coupon.ExpiresAt,
            at),
        JointMessagesJson.Default.JointCouponReceived);

    public static Effect Gone(
        AgreementState agreement,
        Leg leg,
        string code,
        JointCouponState coupon,
        JointCouponEnd end,
        Instant at,
        string? to = null) => JointMessages.ToTenant(
        to ?? leg.Issuing.TenantId,
        JointMessages.Gone,
        new JointCouponGone(coupon.Customer, agreement.AgreementId, CouponCode.CouponId(code), code, end, at),
        JointMessagesJson.Default.JointCouponGone);

    /// <summary>Credits the redeeming brand and debits the issuer by the same; negative takes it back.</summary>
    public static ImmutableArray<Posting> Credit(Leg leg, long minorUnits) =>
        [new Posting(leg.Redeemer, minorUnits), new Posting(leg.Issuer, -minorUnits)];
}
