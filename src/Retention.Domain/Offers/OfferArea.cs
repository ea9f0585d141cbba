namespace Retention.Domain.Offers;

/// <summary>A chain's own offers, their codes and unique coupons. They receive no effects.</summary>
public static class OfferArea
{
    public static readonly Area Area = new(
        OfferGrains.Offer,
        OfferGrains.Use,
        OfferGrains.StoreUse,
        OfferGrains.Targets,
        OfferGrains.Code,
        OfferGrains.Directory,
        OfferGrains.Coupon,
        OfferGrains.Wallet,
        OfferGrains.Redemption,
        OfferGrains.Series);
}
