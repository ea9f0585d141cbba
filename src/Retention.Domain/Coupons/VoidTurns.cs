using Retention.Domain.Offers;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Coupons;

/// <summary>Takes a unique coupon of a chain's own offer back before it is used.</summary>
public static class VoidTurns
{
    public static Decision Void(ITurn turn, RedeemCoupon command, string reason)
    {
        var found = CouponSearch.Find(turn, command);
        if (!turn.IsComplete) return Decision.Silent();
        if (found.Unknown is { } unknown) return unknown;
        if (found.Coupon is not { } coupon) return OfferRules.Invalid("code", "of_a_unique_coupon");

        var now = found.Tenant.Now(turn.Time);
        if (coupon.IsRedeemed) return Because(RefusalReason.AlreadyRedeemed);
        if (coupon.IsReservedAt(now)) return Because(RefusalReason.ReservedElsewhere, ("expire_time", coupon.ReservedUntil));
        if (coupon.IsVoided) return Because(RefusalReason.Voided);

        var voided = new CouponVoided(reason, now);
        return Decision
            .With(CouponViews.Own(found.CouponCode, coupon.Evolve(voided), found.State, found.Tenant, now))
            .Change(OfferGrains.CouponId(command.TenantId, found.CouponCode), voided)
            .Change(
                OfferGrains.OfferId(command.TenantId, found.Offer.OfferId),
                new OfferCouponVoided(CouponCode.CouponId(found.CouponCode), now)
                {
                    Unreserved = coupon.Reserve is { } reserve ? reserve with { MinorUnits = reserve.At(now) } : null,
                });
    }
}
