using System.Collections.Immutable;
using Retention.Domain.Coupons;

namespace Retention.Domain.Offers;

/// <summary>What an offer gives on one basket, and the lines that it lies on.</summary>
/// <param name="Lines">Empty: on the basket as a whole, or the till told no lines.</param>
/// <param name="Lacks">The condition of the discount itself that the basket does not meet; null: none.</param>
public readonly record struct DiscountSeen(long MinorUnits, ImmutableArray<BasketLine> Lines, string? Lacks);

/// <summary>Computes discounts of every kind. All of them are rounded down and none is more than what it is taken off.</summary>
public static class OfferDiscount
{
    public static DiscountSeen On(Offer offer, BasketSeen? basket)
    {
        var discount = offer.Discount;
        if (discount.GiftCreditMinorUnits > 0) return new DiscountSeen(discount.GiftCreditMinorUnits, [], null);

        var lines = basket?.Lines ?? [];
        if (discount is { OnMatchingLines: false, FreeProductId: null, PricedProductId: null })
        {
            var isShare = discount.ShareBps > 0;
            return new DiscountSeen(
                discount.On(basket?.TotalMinorUnits), lines, isShare && basket is null ? "basket" : null);
        }

        // A till's lines may come to more than it says the basket does.
        var seen = OnLines(offer, lines);
        return seen with { MinorUnits = Math.Min(seen.MinorUnits, basket?.TotalMinorUnits ?? 0) };
    }

    private static DiscountSeen OnLines(Offer offer, ImmutableArray<BasketLine> lines)
    {
        var discount = offer.Discount;
        if (discount.FreeProductId is { } free) return Free(lines, free);
        if (discount.PricedProductId is { } priced) return Priced(lines, priced, discount);

        var matching = lines.Where(line => Matches(offer.Conditions, line)).ToImmutableArray();
        return new DiscountSeen(
            discount.On(matching.Sum(line => line.AmountMinorUnits)), matching, matching.IsEmpty ? "matching_lines" : null);
    }

    /// <summary>Whether a line is one that the conditions ask for.</summary>
    public static bool Matches(OfferConditions conditions, BasketLine line) =>
        (conditions.Categories.IsDefaultOrEmpty || conditions.Categories.Contains(line.Category))
        && (conditions.ProductIds.IsDefaultOrEmpty || conditions.ProductIds.Contains(line.ProductId));

    // The cheapest unit is the free one; the first line of several that are as cheap.
    private static DiscountSeen Free(ImmutableArray<BasketLine> lines, string product)
    {
        BasketLine? cheapest = null;
        foreach (var line in lines)
        {
            if (line.ProductId != product || line.Quantity < 1) continue;
            if (cheapest is null || Unit(line) < Unit(cheapest)) cheapest = line;
        }

        return cheapest is null
            ? new DiscountSeen(0, [], "free_product")
            : new DiscountSeen(Unit(cheapest), [cheapest], null);
    }

    private static DiscountSeen Priced(ImmutableArray<BasketLine> lines, string product, Discount discount)
    {
        var (off, units) = (0L, discount.PricedUnitsMax > 0 ? discount.PricedUnitsMax : long.MaxValue);
        var taken = ImmutableArray.CreateBuilder<BasketLine>();
        foreach (var line in lines)
        {
            if (line.ProductId != product || line.Quantity < 1 || units == 0) continue;
            var priced = Math.Min(units, line.Quantity);
            var share = (long)((Int128)line.AmountMinorUnits * priced / line.Quantity);
            off += (long)Int128.Max(0, share - ((Int128)discount.PriceMinorUnits * priced));
            units -= priced;
            taken.Add(line);
        }

        return taken.Count == 0
            ? new DiscountSeen(0, [], "priced_product")
            : new DiscountSeen(off, taken.ToImmutable(), null);
    }

    private static long Unit(BasketLine line) => line.AmountMinorUnits / line.Quantity;
}
