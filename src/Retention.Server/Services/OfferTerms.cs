using System.Collections.Immutable;
using System.Globalization;
using Retention.Domain.Offers;
using Retention.Server.Rpc;
using Money = Retention.Kernel.Money;

namespace Retention.Server.Services;

/// <summary>Discounts, conditions and limits of offers between the wire and the domain. An empty list is none.</summary>
internal static class OfferTerms
{
    public const int TextMax = 64;

    public static Discount ToDomain(this V1.Discount discount, OfferAmounts amounts) => new(
        amounts.Read(discount.AmountOff, "offer.discount.amount_off"),
        discount.ShareBps,
        amounts.Read(discount.Maximum, "offer.discount.maximum"))
    {
        OnMatchingLines = discount.OnMatchingLines,
        FreeProductId = OptionalText(discount.FreeProduct, "offer.discount.free_product"),
        PricedProductId = discount.FixedPrice is { } price
            ? RequestField.Text(price.ProductId, "offer.discount.fixed_price.product_id", TextMax)
            : null,
        PriceMinorUnits = amounts.Read(discount.FixedPrice?.Price, "offer.discount.fixed_price.price"),
        PricedUnitsMax = discount.FixedPrice?.UnitsMax ?? 0,
        GiftCreditMinorUnits = amounts.Read(discount.GiftCredit, "offer.discount.gift_credit"),
    };

    public static V1.Discount ToProto(this Discount discount, string currency) => new()
    {
        AmountOff = Amount(discount.AmountMinorUnits, currency),
        ShareBps = discount.ShareBps,
        Maximum = Amount(discount.CapMinorUnits, currency),
        OnMatchingLines = discount.OnMatchingLines,
        FreeProduct = discount.FreeProductId ?? "",
        FixedPrice = discount.PricedProductId is { } product
            ? new V1.FixedPrice
            {
                ProductId = product,
                Price = new Money(currency, discount.PriceMinorUnits).ToProto(),
                UnitsMax = discount.PricedUnitsMax,
            }
            : null,
        GiftCredit = Amount(discount.GiftCreditMinorUnits, currency),
    };

    public static OfferConditions ToDomain(this V1.OfferConditions conditions, OfferAmounts amounts) => new(
        amounts.Read(conditions.MinimumBasket, "offer.conditions.minimum_basket"),
        [.. conditions.Categories.Select(text => RequestField.Text(text, "offer.conditions.categories", TextMax))],
        [.. conditions.StoreIds.Select(id => RequestField.Id(id, "offer.conditions.store_ids"))],
        conditions.TargetsOnly)
    {
        ProductIds = None(conditions.Products.Select(
            text => RequestField.Text(text, "offer.conditions.products", TextMax))),
        Times = conditions.Times is { } times
            ? new OfferTimes(
                None(times.Weekdays),
                MinuteOf(times.StartClock, "offer.conditions.times.start_clock"),
                MinuteOf(times.EndClock, "offer.conditions.times.end_clock"))
            : null,
        FirstPurchase = conditions.FirstPurchase,
        Bins = None(conditions.Bins.Select(text => RequestField.Text(text, "offer.conditions.bins", TextMax))),
    };

    public static V1.OfferConditions ToProto(this OfferConditions conditions, string currency) => new()
    {
        MinimumBasket = Amount(conditions.MinimumBasketMinorUnits, currency),
        Categories = { conditions.Categories },
        StoreIds = { conditions.StoreIds },
        TargetsOnly = conditions.TargetsOnly,
        Products = { All(conditions.ProductIds) },
        Times = conditions.Times is { } times
            ? new V1.OfferTimes
            {
                Weekdays = { All(times.Weekdays) }, StartClock = TimeOf(times.FromMinute), EndClock = TimeOf(times.ToMinute),
            }
            : null,
        FirstPurchase = conditions.FirstPurchase,
        Bins = { All(conditions.Bins) },
    };

    public static OfferLimits ToDomain(this V1.OfferLimits limits, OfferAmounts amounts) => new(
        limits.Total,
        limits.PerCustomer,
        limits.PerDay,
        amounts.Read(limits.TotalDiscount, "offer.limits.total_discount"))
    {
        PerCustomerPeriod = limits.PerCustomerPeriod,
        Period = (LimitPeriod)limits.CustomerPeriod,
        PerStore = limits.PerStore,
    };

    public static V1.OfferLimits ToProto(this OfferLimits limits, string currency) => new()
    {
        Total = limits.Total,
        PerCustomer = limits.PerCustomer,
        PerDay = limits.PerDay,
        TotalDiscount = Amount(limits.TotalDiscountMinorUnits, currency),
        PerCustomerPeriod = limits.PerCustomerPeriod,
        CustomerPeriod = (V1.CustomerPeriod)limits.Period,
        PerStore = limits.PerStore,
    };

    public static V1.Money? Amount(long minorUnits, string currency) =>
        minorUnits == 0 ? null : new Money(currency, minorUnits).ToProto();

    private static string? OptionalText(string text, string field) =>
        text.Length == 0 ? null : RequestField.Text(text, field, TextMax);

    private static ImmutableArray<T> None<T>(IEnumerable<T> values)
    {
        var all = values.ToImmutableArray();
        return all.IsEmpty ? default : all;
    }

    private static ImmutableArray<T> All<T>(ImmutableArray<T> values) => values.IsDefault ? [] : values;

    private static int MinuteOf(string time, string field)
    {
        if (time.Length == 0) return 0;
        if (time == "24:00") return OfferTimes.MinutesPerDay;
        return TimeOnly.TryParseExact(time, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var clock)
            ? (clock.Hour * 60) + clock.Minute
            : throw RequestField.Invalid(field, "time_as_17:00");
    }

    private static string TimeOf(int minute) => string.Create(CultureInfo.InvariantCulture, $"{minute / 60:00}:{minute % 60:00}");
}

/// <summary>Reads optional amounts that must all be in one currency.</summary>
internal sealed class OfferAmounts
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
