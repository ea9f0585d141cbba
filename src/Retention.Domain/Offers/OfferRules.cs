using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Offers;

/// <summary>What makes an offer sound, and the times that follow from it.</summary>
public static class OfferRules
{
    public const int CategoriesMax = 100;
    public const int StoresMax = 500;
    public const int DaysMax = 3660;
    public const int ProductsMax = 500;
    public const int BinsMax = 100;

    /// <summary>What is wrong with the offer as it was asked for; null when it is sound.</summary>
    public static Refusal? Fault(Offer offer)
    {
        var (validity, limits) = (offer.Validity, offer.Limits);
        if (offer.Kind is not (OfferKind.GenericCode or OfferKind.UniqueCodes)) return Invalid("kind", "required");
        if (CodeFault(offer) is { } fault) return fault;
        if (offer.CodePrefix is { } prefix && (offer.Kind != OfferKind.UniqueCodes || !CouponCode.IsPrefix(prefix)))
        {
            return Invalid("code_prefix", "1_to_8_but_not_4_characters_of_unique_codes");
        }

        if (DiscountFault(offer.Discount, offer.Conditions) is { } off) return off;
        if (limits.Total < 0 || limits.PerCustomer < 0 || limits.PerDay < 0 || limits.TotalDiscountMinorUnits < 0
            || limits.PerStore < 0 || limits.PerCustomerPeriod < 0)
        {
            return Invalid("limits", "not_negative");
        }

        if (limits.PerCustomerPeriod > 0 != (limits.Period != LimitPeriod.None))
        {
            return Invalid("limits.period", "together_with_per_customer_period");
        }

        if (offer.Stacking is { MaximumTotalMinorUnits: < 0 } or { FloorMinorUnits: < 0 })
        {
            return Invalid("stacking", "not_negative");
        }

        if (offer.Offline is { } offline && !offline.IsSound())
        {
            return Invalid("offline", "ceiling_not_negative_and_max_delay_up_to_30_days");
        }

        if (offer.BudgetMinorUnits < 0) return Invalid("budget", "not_negative");
        if (offer.ReservesAtIssue
            && (offer.BudgetMinorUnits == 0 || offer.Kind != OfferKind.UniqueCodes || offer.Discount.Most is null))
        {
            return Invalid("budget_mode", "at_issue_only_with_a_budget_unique_codes_and_a_bounded_discount");
        }

        if (offer.Conditions.MinimumBasketMinorUnits < 0) return Invalid("conditions.minimum_basket", "not_negative");
        if (ConditionFault(offer.Conditions) is { } condition) return condition;
        if (offer.Conditions.Categories.Length > CategoriesMax) return Invalid("conditions.categories", "at_most_100");
        if (offer.Conditions.StoreIds.Length > StoresMax) return Invalid("conditions.store_ids", "at_most_500");
        if (validity.StartOn > validity.EndOn) return Invalid("validity", "start_not_after_end");
        if (validity.DaysAfterIssue is < 0 or > DaysMax) return Invalid("validity.days_after_issue", "0_to_3660");
        return validity.TimeZone.Length > 0 && DateTimeZoneProviders.Tzdb.GetZoneOrNull(validity.TimeZone) is null
            ? Invalid("validity.time_zone", "known_iana_time_zone")
            : null;
    }

    public static DateTimeZone Zone(Offer offer, TenantState tenant) =>
        DateTimeZoneProviders.Tzdb[offer.Validity.TimeZone.Length > 0 ? offer.Validity.TimeZone : tenant.TimeZone];

    /// <summary>When a coupon issued now stops being valid (exclusive); null: with the offer.</summary>
    public static Instant? CouponEnd(Offer offer, Instant now, DateTimeZone zone) =>
        offer.Validity.DaysAfterIssue > 0
            ? zone.AtStartOfDay(now.InZone(zone).Date.PlusDays(offer.Validity.DaysAfterIssue + 1)).ToInstant()
            : null;

    public static Refusal Invalid(string field, string rule) =>
        Refusal.Because(RefusalReason.FieldInvalid, ("field", field), ("rule", rule));

    private static Refusal? DiscountFault(Discount discount, OfferConditions conditions)
    {
        if (discount.ShareBps is < 0 or > Discount.WholeBps) return Invalid("discount.share_bps", "0_to_10000");
        if (discount.AmountMinorUnits < 0 || discount.CapMinorUnits < 0 || discount.GiftCreditMinorUnits < 0
            || discount.PriceMinorUnits < 0 || discount.PricedUnitsMax < 0)
        {
            return Invalid("discount", "not_negative");
        }

        var kinds = (discount.ShareBps > 0 ? 1 : 0) + (discount.AmountMinorUnits > 0 ? 1 : 0)
            + (discount.FreeProductId is null ? 0 : 1) + (discount.PricedProductId is null ? 0 : 1)
            + (discount.GiftCreditMinorUnits > 0 ? 1 : 0);
        if (kinds > 1) return Invalid("discount", "one_kind_only");
        if (discount.PricedProductId is null && (discount.PriceMinorUnits > 0 || discount.PricedUnitsMax > 0))
        {
            return Invalid("discount.price", "only_with_a_product");
        }

        var isNarrow = !conditions.Categories.IsDefaultOrEmpty || !conditions.ProductIds.IsDefaultOrEmpty;
        return discount.OnMatchingLines && (!isNarrow || (discount.ShareBps == 0 && discount.AmountMinorUnits == 0))
            ? Invalid("discount.on_matching_lines", "with_an_amount_or_share_and_products_or_categories")
            : null;
    }

    private static Refusal? ConditionFault(OfferConditions conditions)
    {
        if (!conditions.ProductIds.IsDefault && conditions.ProductIds.Length > ProductsMax)
        {
            return Invalid("conditions.products", "at_most_500");
        }

        if (!conditions.Bins.IsDefault
            && (conditions.Bins.Length > BinsMax || conditions.Bins.Any(bin => bin.Length is < 4 or > 8 || !bin.All(char.IsAsciiDigit))))
        {
            return Invalid("conditions.bins", "at_most_100_of_4_to_8_digits");
        }

        if (conditions.Times is not { } times) return null;
        var isSound = times.FromMinute is >= 0 and < OfferTimes.MinutesPerDay
            && times.ToMinute is >= 0 and <= OfferTimes.MinutesPerDay
            && (times.Weekdays.IsDefaultOrEmpty
                || (times.Weekdays.All(day => day is >= 1 and <= 7) && times.Weekdays.Distinct().Count() == times.Weekdays.Length));
        return isSound ? null : Invalid("conditions.times", "weekdays_1_to_7_and_minutes_0_to_1440");
    }

    private static Refusal? CodeFault(Offer offer)
    {
        if (offer.Kind == OfferKind.UniqueCodes)
        {
            return offer.Code.Length > 0 ? Invalid("code", "empty_for_unique_codes") : null;
        }

        if (offer.Code.Length is 0 or > CouponCode.GenericLengthMax) return Invalid("code", "1_to_64_characters");

        // Else the code could not be told from somebody's coupon.
        return CouponCode.Own(offer.Code) is not null || CouponCode.Joint(offer.Code) is not null
            ? Invalid("code", "not_in_the_form_of_a_unique_code")
            : null;
    }
}
