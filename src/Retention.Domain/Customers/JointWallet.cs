using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>The joint coupons that a customer was told of. A convenience for counter and app: the coupon itself decides.</summary>
public static class JointWallet
{
    /// <summary>Beyond it the coupon that expires first is forgotten here; it stays redeemable.</summary>
    public const int CouponsMax = 64;

    public static ImmutableArray<JointCoupon> Add(ImmutableArray<JointCoupon> wallet, JointCoupon coupon, Instant now)
    {
        var kept = wallet.ToBuilder();
        kept.RemoveAll(held => held.ExpiresAt <= now || held.CouponId == coupon.CouponId);
        kept.Add(coupon);
        if (kept.Count > CouponsMax) kept.RemoveAt(SoonestOf(kept));
        return kept.ToImmutable();
    }

    public static ImmutableArray<JointCoupon> Remove(ImmutableArray<JointCoupon> wallet, string couponId) =>
        wallet.RemoveAll(held => held.CouponId == couponId);

    public static IEnumerable<JointCoupon> Usable(ImmutableArray<JointCoupon> wallet, Instant now) =>
        wallet.Where(held => held.ExpiresAt > now);

    private static int SoonestOf(ImmutableArray<JointCoupon>.Builder wallet)
    {
        var soonest = 0;
        for (var i = 1; i < wallet.Count; i++)
        {
            if (wallet[i].ExpiresAt < wallet[soonest].ExpiresAt) soonest = i;
        }

        return soonest;
    }
}
