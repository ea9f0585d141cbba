using System.Collections.Immutable;
using Retention.Domain.Coupons;
using Retention.Kernel;
using Retention.Server.Rpc;

namespace Retention.Server.Services;

/// <summary>Coupons and redemptions between the wire and the domain.</summary>
internal static class CouponMessages
{
    private const int LinesMax = 500;
    private const int CategoryMax = 64;
    private const long QuantityMax = 1_000_000_000;

    public static BasketSeen? ToDomain(this V1.Basket? basket)
    {
        if (basket is null) return null;
        RequestField.AtMost(basket.Lines, "basket.lines", LinesMax);
        EachOnce(basket.Lines.Where(line => line.LineId.Length > 0).Select(line => line.LineId), "basket.lines");
        var total = RequestField.Money(basket.Total, "basket.total");
        return new BasketSeen(
            total.MinorUnits,
            total.Currency,
            [.. basket.Lines
                .Select(line => RequestField.OptionalText(line.Category, "basket.lines.category", CategoryMax))
                .Where(category => category.Length > 0)
                .Distinct(StringComparer.Ordinal)])
        {
            Lines = [.. basket.Lines.Select(line => ToDomain(line, total.Currency))],
            Bin = BinOf(basket.Bin),
        };
    }

    /// <summary>The lines that came back.</summary>
    public static ImmutableArray<CouponReturnLine> LinesToDomain(this V1.ReverseCouponRedemptionRequest request)
    {
        RequestField.AtMost(request.Lines, "lines", LinesMax);
        EachOnce(request.Lines.Select(line => line.LineId), "lines");
        return
        [
            .. request.Lines.Select(line => line.Quantity == 0 && line.Amount is null
                ? throw RequestField.Invalid("lines.amount", "required_without_quantity")
                : new CouponReturnLine(
                    RequestField.Id(line.LineId, "lines.line_id"),
                    RequestField.Between(line.Quantity, "lines.quantity", 0, QuantityMax),
                    line.Amount is null ? null : RequestField.Money(line.Amount, "lines.amount"))),
        ];
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
        IsGiftCredit = redemption.IsGiftCredit,
    };

    public static V1.ValidateCouponResponse ToProto(this CouponValidation validation) => new()
    {
        Redeemable = validation.Failing.IsEmpty,
        Reasons = { validation.Failing.Select(refusal => ErrorMap.ReasonName(refusal.Reason)).Distinct() },
        Discount = new Money(validation.Currency, validation.DiscountMinorUnits).ToProto(),
        Explanation = { validation.Failing.Select(Explain) },
        IsGiftCredit = validation.IsGiftCredit,
    };

    public static V1.ValidateCouponsResponse ToProto(this StackValidation stack) => new()
    {
        Discount = new Money(stack.Currency, stack.DiscountMinorUnits).ToProto(),
        Coupons =
        {
            stack.Codes.Select(code => new V1.StackedCoupon
            {
                Index = code.Position,
                OfferId = code.OfferId,
                CouponId = code.CouponId,
                AgreementId = code.AgreementId,
                IsApplied = code.DiscountMinorUnits is not null,
                Discount = new Money(stack.Currency, code.DiscountMinorUnits ?? 0).ToProto(),
                Reasons = { code.Failing.Select(refusal => ErrorMap.ReasonName(refusal.Reason)).Distinct() },
                Explanation = { code.Failing.Select(Explain) },
            }),
        },
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

    // A return names a line by its id, so two of one id would come back together.
    private static void EachOnce(IEnumerable<string> lineIds, string field)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (!lineIds.All(seen.Add)) throw RequestField.Invalid(field, "each_line_id_once");
    }

    private static string BinOf(string bin) => bin.Length == 0 || (bin.Length is >= 4 and <= 8 && bin.All(char.IsAsciiDigit))
        ? bin
        : throw RequestField.Invalid("basket.bin", "4_to_8_digits");

    // A line without an id or amount cannot be returned by itself.
    private static BasketLine ToDomain(V1.Line line, string currency) => new(
        RequestField.OptionalId(line.LineId, "basket.lines.line_id") ?? "",
        RequestField.OptionalText(line.ProductId, "basket.lines.product_id", CategoryMax),
        line.Category,
        RequestField.Between(line.Quantity, "basket.lines.quantity", 0, QuantityMax),
        line.Amount is null ? 0 : RequestField.Money(line.Amount, "basket.lines.amount", currency).MinorUnits);

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
