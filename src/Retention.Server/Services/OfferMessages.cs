using NodaTime;
using NodaTime.Text;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Server.Rpc;
using Money = Retention.Kernel.Money;

namespace Retention.Server.Services;

/// <summary>Offers between the wire and the domain.</summary>
internal static class OfferMessages
{
    private const int TextMax = 64;

    /// <summary>The offer as it was asked for, and the one currency that its amounts name (empty: none).</summary>
    public static CreateOffer ToCommand(this V1.CreateOfferRequest request, string tenantId)
    {
        if (request.Offer is not { } offer) throw RequestField.Invalid("offer", "required");

        var amounts = new Amounts();
        var conditions = offer.Conditions ?? new V1.OfferConditions();
        var limits = offer.Limits ?? new V1.OfferLimits();
        var wanted = new Offer(
            RequestField.OptionalId(offer.OfferId, "offer.offer_id") ?? "off_" + request.RequestId,
            RequestField.OptionalText(offer.CampaignId, "offer.campaign_id", TextMax),
            RequestField.OptionalId(offer.BrandId, "offer.brand_id") ?? "",
            KindOf(offer),
            RequestField.OptionalText(offer.Code, "offer.code", CouponCode.GenericLengthMax),
            new Discount(
                amounts.Read(offer.Discount?.AmountOff, "offer.discount.amount_off"),
                offer.Discount?.ShareBps ?? 0,
                amounts.Read(offer.Discount?.Maximum, "offer.discount.maximum")),
            new OfferConditions(
                amounts.Read(conditions.MinimumBasket, "offer.conditions.minimum_basket"),
                [.. conditions.Categories.Select(text => RequestField.Text(text, "offer.conditions.categories", TextMax))],
                [.. conditions.StoreIds.Select(id => RequestField.Id(id, "offer.conditions.store_ids"))],
                conditions.TargetsOnly),
            new OfferLimits(
                limits.Total,
                limits.PerCustomer,
                limits.PerDay,
                amounts.Read(limits.TotalDiscount, "offer.limits.total_discount")),
            ValidityOf(offer.Validity ?? new V1.OfferValidity()),
            amounts.Read(offer.Budget, "offer.budget"))
        {
            CodePrefix = offer.CodePrefix.Length > 0 ? offer.CodePrefix : null,
        };
        return new CreateOffer(tenantId, wanted, amounts.Currency);
    }

    public static V1.Offer ToProto(this OfferView view)
    {
        var (state, currency) = view;
        var offer = state.Offer ?? throw new InvalidOperationException("There is no offer to show.");
        return new V1.Offer
        {
            OfferId = offer.OfferId,
            CampaignId = offer.CampaignId,
            BrandId = offer.BrandId,
            Kind = (V1.OfferKind)offer.Kind,
            Code = offer.Code,
            Discount = new V1.Discount
            {
                AmountOff = Amount(offer.Discount.AmountMinorUnits, currency),
                ShareBps = offer.Discount.ShareBps,
                Maximum = Amount(offer.Discount.CapMinorUnits, currency),
            },
            Conditions = new V1.OfferConditions
            {
                MinimumBasket = Amount(offer.Conditions.MinimumBasketMinorUnits, currency),
                Categories = { offer.Conditions.Categories },
                StoreIds = { offer.Conditions.StoreIds },
                TargetsOnly = offer.Conditions.TargetsOnly,
            },
            Limits = new V1.OfferLimits
            {
                Total = offer.Limits.Total,
                PerCustomer = offer.Limits.PerCustomer,
                PerDay = offer.Limits.PerDay,
                TotalDiscount = Amount(offer.Limits.TotalDiscountMinorUnits, currency),
            },
            Validity = new V1.OfferValidity
            {
                StartDate = Day(offer.Validity.StartOn),
                EndDate = Day(offer.Validity.EndOn),
                TimeZone = offer.Validity.TimeZone,
                DaysAfterIssue = offer.Validity.DaysAfterIssue,
            },
            Budget = Amount(offer.BudgetMinorUnits, currency),
            Status = (V1.OfferStatus)state.Status,
            TargetCount = state.TargetCount,
            IssuedCount = state.IssuedCount,
            RedeemedCount = state.RedeemedCount,
            DiscountGiven = new Money(currency, state.DiscountMinorUnits).ToProto(),
            CodePrefix = offer.CodePrefix ?? "",
        };
    }

    public static V1.CodeSeries ToProto(this CodeSeries series) => new()
    {
        SeriesId = series.SeriesId,
        OfferId = series.OfferId,
        Count = series.Count,
        ExpireTime = series.ExpiresAt.ToProto(),
    };

    private static V1.Money? Amount(long minorUnits, string currency) =>
        minorUnits == 0 ? null : new Money(currency, minorUnits).ToProto();

    private static string Day(LocalDate? day) => day is { } date ? LocalDatePattern.Iso.Format(date) : "";

    private static OfferKind KindOf(V1.Offer offer) => offer.Kind switch
    {
        V1.OfferKind.GenericCode => OfferKind.GenericCode,
        V1.OfferKind.UniqueCodes => OfferKind.UniqueCodes,
        V1.OfferKind.Unspecified => offer.Code.Length > 0 ? OfferKind.GenericCode : OfferKind.UniqueCodes,
        _ => throw RequestField.Invalid("offer.kind", "known_kind"),
    };

    private static OfferValidity ValidityOf(V1.OfferValidity validity) => new(
        DayOf(validity.StartDate, "offer.validity.start_date"),
        DayOf(validity.EndDate, "offer.validity.end_date"),
        validity.TimeZone.Length > 0 ? RequestField.TimeZone(validity.TimeZone, "offer.validity.time_zone") : "",
        validity.DaysAfterIssue);

    private static LocalDate? DayOf(string text, string field)
    {
        if (text.Length == 0) return null;
        var parsed = LocalDatePattern.Iso.Parse(text);
        return parsed.Success && parsed.Value.Year is >= 1900 and < 2200
            ? parsed.Value
            : throw RequestField.Invalid(field, "date_as_2017-05-01");
    }

    /// <summary>Reads optional amounts that must all be in one currency.</summary>
    private sealed class Amounts
    {
        public string Currency { get; private set; } = "";

        public long Read(V1.Money? value, string field)
        {
            if (value is null) return 0;
            var money = RequestField.Money(value, field, Currency.Length > 0 ? Currency : null);
            Currency = money.Currency;
            return money.MinorUnits;
        }
    }
}
