using System.Collections.Immutable;
using Retention.Domain.Coupons;

namespace Retention.Domain.Offers;

/// <summary>How an offer goes together with others on one basket.</summary>
/// <param name="IsExclusive">With none.</param>
/// <param name="Category">With none of the same category; empty: it has none.</param>
/// <param name="Order">Applied in ascending order; offers of one order by their ids.</param>
/// <param name="MaximumTotalMinorUnits">Of all discounts together; 0: no bound.</param>
/// <param name="FloorMinorUnits">What of the basket must be left to pay.</param>
public sealed record OfferStacking(
    bool IsExclusive, string Category, int Order, long MaximumTotalMinorUnits, long FloorMinorUnits)
{
    public static readonly OfferStacking Free = new(false, "", 0, 0, 0);
}

/// <param name="Position">Where its code was asked, from 0.</param>
public sealed record StackItem(int Position, Offer Offer)
{
    public OfferStacking Stacking => Offer.Stacking ?? OfferStacking.Free;
}

public readonly record struct StackedDiscount(int Position, long MinorUnits);

/// <param name="MinorUnits">All discounts and credits together.</param>
/// <param name="Applied">In the order of their application.</param>
public sealed record StackChoice(long MinorUnits, ImmutableArray<StackedDiscount> Applied);

/// <summary>
/// The best combination of coupons for a basket: the one that gives most; of several the one with the fewest coupons; of
/// these the one whose codes were asked first.
/// </summary>
public static class CouponStack
{
    public const int CodesMax = 10;

    public static StackChoice Best(IReadOnlyList<StackItem> items, BasketSeen basket)
    {
        var best = new StackChoice(0, []);
        for (var set = 1; set < 1 << items.Count; set++)
        {
            var members = items.Where((_, index) => (set >> index & 1) == 1).ToList();
            if (!GoTogether(members)) continue;
            var choice = Applied(members, basket);
            if (IsBetter(choice, best)) best = choice;
        }

        return best;
    }

    /// <summary>What the members come to together, each on what the ones before it left to pay.</summary>
    public static StackChoice Applied(IEnumerable<StackItem> members, BasketSeen basket)
    {
        var ordered = members
            .OrderBy(item => item.Stacking.Order)
            .ThenBy(item => item.Offer.OfferId, StringComparer.Ordinal)
            .ToList();
        var most = ordered.Aggregate(basket.TotalMinorUnits, (least, item) => Math.Min(least, Allowed(item.Stacking, basket)));
        var (off, credit) = (0L, 0L);
        var applied = ImmutableArray.CreateBuilder<StackedDiscount>(ordered.Count);
        foreach (var item in ordered)
        {
            var isCredit = item.Offer.Discount.GiftCreditMinorUnits > 0;
            var given = isCredit
                ? item.Offer.Discount.GiftCreditMinorUnits
                : Math.Max(0, Math.Min(On(item.Offer, basket, off), most - off));
            if (isCredit) credit += given;
            else off += given;
            applied.Add(new StackedDiscount(item.Position, given));
        }

        return new StackChoice(off + credit, applied.MoveToImmutable());
    }

    public static bool GoTogether(IReadOnlyList<StackItem> members)
    {
        if (members.Count > 1 && members.Any(item => item.Stacking.IsExclusive)) return false;
        var categories = members.Select(item => item.Stacking.Category).Where(category => category.Length > 0).ToList();
        return categories.Distinct(StringComparer.Ordinal).Count() == categories.Count
            && members.Select(item => item.Offer.OfferId).Distinct(StringComparer.Ordinal).Count() == members.Count;
    }

    private static long Allowed(OfferStacking stacking, BasketSeen basket)
    {
        var left = Math.Max(0, basket.TotalMinorUnits - stacking.FloorMinorUnits);
        return stacking.MaximumTotalMinorUnits > 0 ? Math.Min(left, stacking.MaximumTotalMinorUnits) : left;
    }

    private static long On(Offer offer, BasketSeen basket, long off)
    {
        var left = basket.TotalMinorUnits - off;
        var isOfWhole = offer.Discount is { OnMatchingLines: false, FreeProductId: null, PricedProductId: null };
        return isOfWhole ? offer.Discount.On(left) : Math.Min(left, OfferDiscount.On(offer, basket).MinorUnits);
    }

    private static bool IsBetter(StackChoice choice, StackChoice best)
    {
        if (choice.MinorUnits != best.MinorUnits) return choice.MinorUnits > best.MinorUnits;
        if (choice.Applied.Length != best.Applied.Length) return choice.Applied.Length < best.Applied.Length;
        return Places(choice).CompareTo(Places(best)) < 0;
    }

    // Positions are below 10, so their digits in ascending order compare as the lists do.
    private static long Places(StackChoice choice) =>
        choice.Applied.Select(item => item.Position).Order().Aggregate(0L, (digits, position) => (digits * 10) + position);
}
