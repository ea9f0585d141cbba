using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>
/// A customer's lots, in the order in which they burn: soonest expiry first, of equals the older.
/// <para>
/// The bound: up to <see cref="KeptMax"/> lots stand one by one, spent and dead ones included (a late return asks
/// for them). Beyond it spent and dead lots are forgotten and live lots that differ in nothing but their purchase
/// (same expiry, rule version and brand) are pooled. What is left has one lot per day of expiry, rule version
/// and brand; the lots one by one stand in the journal.
/// </para>
/// </summary>
public static class Lots
{
    public const int KeptMax = 128;

    public static ImmutableArray<Lot> Add(ImmutableArray<Lot> lots, Lot lot)
    {
        var at = lots.Length;
        while (at > 0 && lot.ComesBefore(lots[at - 1]))
        {
            at--;
        }

        return lots.Insert(at, lot);
    }

    public static long Available(ImmutableArray<Lot> lots, Instant now)
    {
        long sum = 0;
        for (var i = lots.Length - 1; i >= 0 && !lots[i].IsDead(now); i--)
        {
            sum += lots[i].Remaining;
        }

        return sum;
    }

    /// <summary>Takes from live lots, soonest expiry first; less than asked when there is not enough.</summary>
    public static long TakeSoonest(
        ImmutableArray<Lot> lots, long millipoints, Instant now, long exceptNumber, ImmutableArray<LotSlice>.Builder slices)
    {
        var left = millipoints;
        foreach (var lot in lots)
        {
            if (left == 0) break;
            if (lot.Remaining == 0 || lot.IsDead(now) || lot.Number == exceptNumber) continue;
            var taken = Math.Min(left, lot.Remaining);
            slices.Add(LotSlice.Of(lot, taken));
            left -= taken;
        }

        return millipoints - left;
    }

    /// <summary>The lot of that number, or the pool that took it in; null when it is forgotten.</summary>
    public static Lot? Find(
        ImmutableArray<Lot> lots, long number, Instant expiresAt, int ruleVersion, string brandId, string? entityId)
    {
        Lot? pool = null;
        foreach (var lot in lots)
        {
            if (lot.Number == number) return lot;
            if (lot.Pooled > 0 && lot.IsAlike(expiresAt, ruleVersion, brandId, entityId)) pool = lot;
        }

        return pool;
    }

    public static ImmutableArray<Lot> Take(ImmutableArray<Lot> lots, ImmutableArray<LotSlice> slices)
    {
        if (slices.IsDefaultOrEmpty) return lots;

        var changed = lots.ToBuilder();
        foreach (var slice in slices)
        {
            var at = IndexOf(changed, slice.Number);
            changed[at] = changed[at] with { Remaining = changed[at].Remaining - slice.Millipoints };
        }

        return changed.MoveToImmutable();
    }

    public static ImmutableArray<Lot> Restore(ImmutableArray<Lot> lots, ImmutableArray<LotSlice> slices)
    {
        if (slices.IsDefaultOrEmpty) return lots;

        foreach (var slice in slices)
        {
            var lot = Find(
                lots, slice.Number, slice.ExpiresAt, slice.RuleVersion, slice.BrandId, slice.EntityId);
            lots = lot is null ? Add(lots, Again(slice)) : lots.Replace(lot, Fuller(lot, slice.Millipoints));
        }

        return lots;
    }

    /// <summary>Forgets and pools when there are more lots than are kept one by one.</summary>
    /// <param name="forgottenUntil">Raised to the latest expiry of the lots that died with points left.</param>
    public static ImmutableArray<Lot> Bound(ImmutableArray<Lot> lots, Instant now, ref Instant forgottenUntil)
    {
        if (lots.Length <= KeptMax) return lots;

        var kept = ImmutableArray.CreateBuilder<Lot>(lots.Length);
        foreach (var lot in lots)
        {
            if (lot.IsDead(now))
            {
                if (lot.Remaining > 0) forgottenUntil = Instant.Max(forgottenUntil, lot.ExpiresAt);
            }
            else if (lot.Remaining > 0)
            {
                KeepOrPool(kept, lot);
            }
        }

        return kept.DrainToImmutable();
    }

    private static void KeepOrPool(ImmutableArray<Lot>.Builder kept, Lot lot)
    {
        for (var i = kept.Count - 1; i >= 0 && kept[i].ExpiresAt == lot.ExpiresAt; i--)
        {
            var pool = kept[i];
            if (!pool.IsAlike(lot.ExpiresAt, lot.RuleVersion, lot.BrandId, lot.EntityId)) continue;
            kept[i] = pool with
            {
                Source = null,
                PurchaseId = null,
                Accrued = pool.Accrued + lot.Accrued,
                Remaining = pool.Remaining + lot.Remaining,
                Pooled = pool.Pooled + lot.Pooled + 1,
            };
            return;
        }

        kept.Add(lot);
    }

    private static Lot Again(LotSlice slice) => new(
        slice.Number,
        null,
        null,
        slice.BrandId,
        slice.RuleVersion,
        slice.Millipoints,
        slice.ActiveFrom,
        slice.ExpiresAt,
        slice.Millipoints)
    { EntityId = slice.EntityId };

    private static Lot Fuller(Lot lot, long millipoints)
    {
        var remaining = lot.Remaining + millipoints;
        return lot with { Remaining = remaining, Accrued = Math.Max(lot.Accrued, remaining) };
    }

    private static int IndexOf(ImmutableArray<Lot>.Builder lots, long number)
    {
        for (var i = 0; i < lots.Count; i++)
        {
            if (lots[i].Number == number) return i;
        }

        throw new InvalidOperationException($"Lot {number} is taken from but not there.");
    }
}
