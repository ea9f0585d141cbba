using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Offline;

namespace Retention.Domain.Offers;

/// <summary>How a customer gets at the offer.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OfferKind>))]
public enum OfferKind
{
    /// <summary>One code that everybody types.</summary>
    GenericCode = 1,

    /// <summary>A code of its own for each coupon issued.</summary>
    UniqueCodes,
}

[JsonConverter(typeof(JsonStringEnumConverter<OfferStatus>))]
public enum OfferStatus
{
    Draft = 1,
    Active,
    Paused,
}

/// <summary>A chain's own offer, in its latest version.</summary>
/// <param name="Code">Of a generic offer, in upper case; empty otherwise.</param>
/// <param name="BudgetMinorUnits">Of the discounts given; 0: none set.</param>
public sealed record Offer(
    string OfferId,
    string CampaignId,
    string BrandId,
    OfferKind Kind,
    string Code,
    Discount Discount,
    OfferConditions Conditions,
    OfferLimits Limits,
    OfferValidity Validity,
    long BudgetMinorUnits)
{
    /// <summary>Starts its unique codes; null: nothing does.</summary>
    public string? CodePrefix { get; init; }

    /// <summary>Null: each company's stores bear the discounts they give.</summary>
    public OfferFunding? Funding { get; init; }

    /// <summary>Null: it goes together with all that do.</summary>
    public OfferStacking? Stacking { get; init; }

    /// <summary>The budget keeps the most that each coupon may come to from its issue on; else it counts at redemption.</summary>
    public bool ReservesAtIssue { get; init; }

    /// <summary>Null: by the defaults.</summary>
    public OfflineTerms? Offline { get; init; }

    /// <summary>Changes made since it was created.</summary>
    public int Changes { get; init; }

    /// <summary>1 as it was created.</summary>
    [JsonIgnore]
    public int Version => Changes + 1;
}

/// <summary>Which company of the tenant bears an offer's discounts where another company's store gives them.</summary>
/// <param name="EntityId">Empty: the tenant itself.</param>
/// <param name="ShareBps">Of the discount, rounded down; the store's company bears the rest.</param>
public sealed record OfferFunding(string EntityId, int ShareBps)
{
    public long ShareOf(long discountMinorUnits) =>
        (long)((Int128)discountMinorUnits * ShareBps / Discount.WholeBps);
}

/// <summary>
/// One of: an amount off, never above the basket; a share of the basket, rounded down; one unit of a product free; a price
/// for units of a product; a credit that the till pays onto a gift card.
/// </summary>
/// <param name="CapMinorUnits">Upper bound of a share; 0: none.</param>
public sealed record Discount(long AmountMinorUnits, int ShareBps, long CapMinorUnits)
{
    public const int WholeBps = 10_000;

    /// <summary>The amount or share is taken of the lines that meet the offer's products and categories only.</summary>
    public bool OnMatchingLines { get; init; }

    public string? FreeProductId { get; init; }

    public string? PricedProductId { get; init; }

    public long PriceMinorUnits { get; init; }

    /// <summary>0: every unit in the basket.</summary>
    public long PricedUnitsMax { get; init; }

    /// <summary>Not taken off the basket.</summary>
    public long GiftCreditMinorUnits { get; init; }

    /// <summary>The most that it can come to; null: it depends on the basket alone.</summary>
    [JsonIgnore]
    public long? Most =>
        GiftCreditMinorUnits > 0 ? GiftCreditMinorUnits
        : FreeProductId is not null || PricedProductId is not null ? null
        : ShareBps == 0 ? AmountMinorUnits
        : CapMinorUnits > 0 ? CapMinorUnits : null;

    /// <summary>The discount on a basket; without a basket an amount off is itself and a share is nothing.</summary>
    public long On(long? basketMinorUnits)
    {
        if (ShareBps == 0)
        {
            return basketMinorUnits is { } total ? Math.Min(AmountMinorUnits, total) : AmountMinorUnits;
        }

        var share = (long)((Int128)(basketMinorUnits ?? 0) * ShareBps / WholeBps);
        return CapMinorUnits > 0 ? Math.Min(share, CapMinorUnits) : share;
    }
}

/// <param name="MinimumBasketMinorUnits">Inclusive; 0: none.</param>
/// <param name="Categories">Any of these on a line; empty: any basket.</param>
/// <param name="StoreIds">Where it may be redeemed; empty: everywhere.</param>
/// <param name="TargetsOnly">Only customers on the target list; an offer with a list is so in any case.</param>
public sealed record OfferConditions(
    long MinimumBasketMinorUnits, ImmutableArray<string> Categories, ImmutableArray<string> StoreIds, bool TargetsOnly)
{
    /// <summary>Any of these on a line; default: any basket.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ImmutableArray<string> ProductIds { get; init; }

    /// <summary>Null: at any time.</summary>
    public OfferTimes? Times { get; init; }

    /// <summary>Only before the customer's first purchase was reported.</summary>
    public bool FirstPurchase { get; init; }

    /// <summary>The payment card begins with any of these; default: any payment.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ImmutableArray<string> Bins { get; init; }
}

/// <summary>Each 0: no limit. All are checked and counted in the commit of the redemption.</summary>
public sealed record OfferLimits(long Total, int PerCustomer, long PerDay, long TotalDiscountMinorUnits)
{
    public static readonly OfferLimits None = new(0, 0, 0, 0);

    /// <summary>Redemptions of one customer in one calendar period of the offer's zone.</summary>
    public int PerCustomerPeriod { get; init; }

    public LimitPeriod Period { get; init; }

    /// <summary>Redemptions in one store.</summary>
    public long PerStore { get; init; }

    [JsonIgnore]
    public bool NeedCustomer => PerCustomer > 0 || PerCustomerPeriod > 0;
}

/// <summary>Days in the offer's zone, both inclusive; null: unbounded.</summary>
/// <param name="TimeZone">IANA; empty: the tenant's.</param>
/// <param name="DaysAfterIssue">Last valid day of a unique coupon, counted from its issue; 0: the offer's end only.</param>
public sealed record OfferValidity(LocalDate? StartOn, LocalDate? EndOn, string TimeZone, int DaysAfterIssue)
{
    /// <summary>The first valid instant; null: from ever.</summary>
    public Instant? StartsAt(DateTimeZone zone) => StartOn is { } day ? zone.AtStartOfDay(day).ToInstant() : null;

    /// <summary>Exclusive: the start of the day after the last valid one; null: for ever.</summary>
    public Instant? EndsBefore(DateTimeZone zone) =>
        EndOn is { } day ? zone.AtStartOfDay(day.PlusDays(1)).ToInstant() : null;
}
