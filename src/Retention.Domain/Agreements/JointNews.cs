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
    /// <summary>The issuing tenant hears that its customer has the coupon, and the other where he is known to both.</summary>
    internal static Decision TellReceived(JointDesk desk, Decision decision, JointCouponState coupon) =>
        desk.Person.TellReceived(
            decision.Send(Received(desk.Agreement, desk.FoundLeg, desk.Code, coupon, desk.Now)),
            desk.Agreement,
            desk.FoundLeg,
            desk.Code,
            coupon,
            desk.Now);

    internal static Decision TellGone(JointDesk desk, Decision decision, JointCouponEnd end) => desk.Person.TellGone(
        decision.Send(Gone(desk.Agreement, desk.FoundLeg, desk.Code, desk.Coupon, end, desk.Now)),
        desk.Agreement,
        desk.FoundLeg,
        desk.Code,
        desk.Coupon,
        end,
        desk.Now);

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
            agreement.Agreed.CurrencyOf(leg.Redeemer),
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
    public static ImmutableArray<Posting> Credit(Leg leg, long minorUnits, Book book = Book.Net) =>
        [new Posting(leg.Redeemer, minorUnits, book), new Posting(leg.Issuer, -minorUnits, book)];
}
