using System.Collections.Immutable;
using Retention.Domain.Coupons;
using Retention.Kernel;

namespace Retention.Domain.Offers;

/// <summary>The conditions that look at the till: customer, store, basket, time, payment. Each tells what is missing.</summary>
internal static class OfferBasketCheck
{
    public static void Conditions(OfferCheck check, Offer offer, ref Refusals failing)
    {
        var conditions = offer.Conditions;

        // A limit per customer or store cannot be kept for one unknown.
        if (offer.Limits.NeedCustomer && check.Use is null) Missing(ref failing, "customer_id");
        if (offer.Limits.PerStore > 0 && check.Store is null) Missing(ref failing, "store_id");
        if (check.Seen.Lacks is { } lacks) Missing(ref failing, lacks);

        var minimum = conditions.MinimumBasketMinorUnits;
        if (minimum > 0 && (check.Basket?.TotalMinorUnits ?? 0) < minimum)
        {
            failing.Add(
                RefusalReason.ConditionNotMet,
                ("condition", "minimum_basket"),
                ("required", minimum),
                ("observed", check.Basket?.TotalMinorUnits ?? 0));
        }

        if (!conditions.Categories.IsDefaultOrEmpty && !HasCategory(check.Basket, conditions.Categories))
        {
            Missing(ref failing, "categories", conditions.Categories);
        }

        if (!conditions.ProductIds.IsDefaultOrEmpty && !HasProduct(check.Basket, conditions.ProductIds))
        {
            Missing(ref failing, "products", conditions.ProductIds);
        }

        if (conditions.Times is { } times && !times.Holds(check.GivenAt.InZone(check.Zone).LocalDateTime))
        {
            failing.Add(
                RefusalReason.ConditionNotMet,
                ("condition", "times"),
                ("weekdays", times.Weekdays.IsDefaultOrEmpty ? "" : string.Join(',', times.Weekdays)),
                ("from_minute", times.FromMinute),
                ("to_minute", times.ToMinute));
        }

        if (conditions.FirstPurchase && !check.IsFirst) Missing(ref failing, "first_purchase");
        if (!conditions.Bins.IsDefaultOrEmpty && !HasBin(check.Basket, conditions.Bins)) Missing(ref failing, "bin");
    }

    private static bool HasCategory(BasketSeen? basket, ImmutableArray<string> wanted)
    {
        if (basket is null || basket.Categories.IsDefaultOrEmpty) return false;
        foreach (var category in wanted)
        {
            if (basket.Categories.Contains(category)) return true;
        }

        return false;
    }

    private static bool HasProduct(BasketSeen? basket, ImmutableArray<string> wanted)
    {
        foreach (var line in basket?.Lines ?? [])
        {
            if (wanted.Contains(line.ProductId)) return true;
        }

        return false;
    }

    private static bool HasBin(BasketSeen? basket, ImmutableArray<string> wanted)
    {
        if (basket is not { Bin.Length: > 0 }) return false;
        foreach (var bin in wanted)
        {
            if (basket.Bin.StartsWith(bin, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    private static void Missing(ref Refusals failing, string condition) =>
        failing.Add(RefusalReason.ConditionNotMet, ("condition", condition));

    private static void Missing(ref Refusals failing, string condition, ImmutableArray<string> wanted) =>
        failing.Add(
            RefusalReason.ConditionNotMet, ("condition", condition), ("any_of", string.Join(',', wanted.Take(10))));
}
