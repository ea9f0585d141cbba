using Retention.Domain.Coupons;
using Retention.Kernel;
using Retention.Server.Rpc;

namespace Retention.Server.Services;

/// <summary>Coupons and redemptions between the wire and the domain.</summary>
internal static class CouponMessages
{
    private const int LinesMax = 500;
    private const int CategoryMax = 64;

    public static BasketSeen? ToDomain(this V1.Basket? basket)
    {
        if (basket is null) return null;
        RequestField.AtMost(basket.Lines, "basket.lines", LinesMax);
        var total = RequestField.Money(basket.Total, "basket.total");
        return new BasketSeen(
            total.MinorUnits,
            total.Currency,
            [.. basket.Lines
                .Select(line => RequestField.OptionalText(line.Category, "basket.lines.category", CategoryMax))
                .Where(category => category.Length > 0)
                .Distinct(StringComparer.Ordinal)]);
    }

    public static V1.Redemption ToProto(this CouponRedemption redemption) => new()
    {
        RedemptionId = redemption.RedemptionId,
        CouponId = redemption.CouponId,
        OfferId = redemption.OfferId,
        CampaignId = redemption.CampaignId,
        AgreementId = redemption.AgreementId,
        Discount = new Money(redemption.Currency, redemption.DiscountMinorUnits).ToProto(),
        RedeemTime = redemption.RedeemedAt.ToProto(),
    };

    public static V1.ValidateCouponResponse ToProto(this CouponValidation validation) => new()
    {
        Redeemable = validation.Failing.IsEmpty,
        Reasons = { validation.Failing.Select(refusal => ErrorMap.ReasonName(refusal.Reason)).Distinct() },
        Discount = new Money(validation.Currency, validation.DiscountMinorUnits).ToProto(),
        Explanation = { validation.Failing.Select(Explain) },
    };

    public static V1.Coupon ToProto(this CouponView coupon) => new()
    {
        CouponId = coupon.CouponId,
        Code = coupon.Code,
        OfferId = coupon.OfferId,
        CampaignId = coupon.CampaignId,
        AgreementId = coupon.AgreementId,
        RedeemingBrandId = coupon.RedeemingBrandId,
        Status = (V1.CouponStatus)coupon.Status,
        Discount = coupon.DiscountMinorUnits is { } off ? new Money(coupon.Currency, off).ToProto() : null,
        ExpireTime = coupon.ExpiresAt.ToProto(),
    };

    private static V1.Explanation Explain(Refusal refusal)
    {
        var explanation = new V1.Explanation { Rule = ErrorMap.ReasonName(refusal.Reason) };
        foreach (var (name, value) in refusal.Details)
        {
            explanation.Values[name] = value;
        }

        return explanation;
    }
}
