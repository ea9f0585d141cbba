using NodaTime;
using Retention.Domain.Coupons;
using Retention.Kernel;

namespace Retention.Domain.Offers;

/// <summary>All that the conditions of one redemption look at.</summary>
/// <param name="Use">The customer's part; null when no customer is named.</param>
/// <param name="IsTargeted">Whether the customer is on the offer's target list.</param>
/// <param name="Coupon">Null for a generic code.</param>
/// <param name="Store">The store's part, where the offer is limited per store and one is named.</param>
/// <param name="IsFirst">The customer is known and no purchase of his was reported.</param>
/// <param name="Seen">What would be given.</param>
/// <param name="Reservation">The caller's own, which does not stand against him; empty: none.</param>
/// <param name="Zone">The offer's.</param>
public sealed record OfferCheck(
    OfferState State,
    OfferUseState? Use,
    bool IsTargeted,
    CouponState? Coupon,
    string StoreId,
    OfferUseState? Store,
    bool IsFirst,
    BasketSeen? Basket,
    DiscountSeen Seen,
    string Reservation,
    DateTimeZone Zone,
    Instant Now)
{
    public long Discount => Seen.MinorUnits;

    /// <summary>What the budget keeps for this very coupon.</summary>
    public long OwnReserve => Coupon?.Reserve?.At(Now) ?? 0;

    /// <summary>When the till gave the discount, by which validity is judged; all that is counted is counted now. Null: now.</summary>
    public Instant? JudgedAt { get; init; }

    public Instant GivenAt => JudgedAt ?? Now;

    public LocalDate Today => Now.InZone(Zone).Date;
}

/// <summary>The conditions of a chain's own offer, asked in the order in which a redemption refuses.</summary>
public static class OfferConditionsCheck
{
    /// <param name="before">What fails already.</param>
    public static Refusals Failing(OfferCheck check, Refusals before = default)
    {
        var failing = before;
        var offer = check.State.Offer ?? throw new InvalidOperationException("There is no offer to check.");

        if (check.State.IsTargeted && !check.IsTargeted)
        {
            failing.Add(RefusalReason.NotTargeted, ("offer_id", offer.OfferId));
        }

        Validity(check, offer, ref failing);

        if (check.Coupon is { IsRedeemed: true }) failing.Add(RefusalReason.AlreadyRedeemed);
        if (check.Coupon is { } coupon && coupon.IsReservedAt(check.Now) && coupon.ReservationId != check.Reservation)
        {
            failing.Add(RefusalReason.ReservedElsewhere, ("expire_time", coupon.ReservedUntil));
        }

        if (check.Coupon is { IsVoided: true }) failing.Add(RefusalReason.Voided);

        var held = check.State.Holds.OthersAt(check.Now, check.Reservation);

        // What is kept for a coupon since its issue is not kept a second time by its reservation.
        var kept = offer.ReservesAtIssue ? check.State.Reserves.At(check.Now) - check.OwnReserve : held.Discount;
        var given = check.State.DiscountMinorUnits + kept;
        var isExhausted = offer.BudgetMinorUnits > 0 && given + check.Discount > offer.BudgetMinorUnits;

        // A pause by the budget is told as what it is, while the budget is still used up.
        if (check.State.Status != OfferStatus.Active && !(check.State.IsPausedByBudget && isExhausted))
        {
            failing.Add(RefusalReason.OfferPaused, ("status", check.State.Status));
        }

        var stores = offer.Conditions.StoreIds;
        if (!stores.IsDefaultOrEmpty && !stores.Contains(check.StoreId))
        {
            failing.Add(RefusalReason.StoreNotAllowed, ("store_id", check.StoreId));
        }

        Limits(check, offer, held, ref failing);
        OfferBasketCheck.Conditions(check, offer, ref failing);

        if (isExhausted)
        {
            failing.Add(
                RefusalReason.BudgetExhausted,
                ("budget", offer.BudgetMinorUnits),
                ("given", check.State.DiscountMinorUnits),
                ("reserved", kept),
                ("discount", check.Discount));
        }

        return failing;
    }

    private static void Validity(OfferCheck check, Offer offer, ref Refusals failing)
    {
        if (offer.Validity.StartsAt(check.Zone) is { } start && check.GivenAt < start)
        {
            failing.Add(RefusalReason.BeforeStart, ("start_time", start), ("time", check.GivenAt));
        }

        if (Earliest(offer.Validity.EndsBefore(check.Zone), check.Coupon?.ExpiresAt) is { } end && check.GivenAt >= end)
        {
            failing.Add(RefusalReason.AfterEnd, ("end_time", end), ("time", check.GivenAt));
        }
    }

    // What is reserved counts as used, on whatever day the reservation is redeemed in the end.
    private static void Limits(OfferCheck check, Offer offer, (long Count, long Discount) held, ref Refusals failing)
    {
        var (limits, state) = (offer.Limits, check.State);
        if (limits.Total > 0 && state.RedeemedCount + held.Count >= limits.Total)
        {
            Reached(ref failing, "total", limits.Total, state.RedeemedCount, held.Count);
        }

        if (check.Use is { } use && limits.NeedCustomer) CustomerLimits(check, limits, use, ref failing);
        if (limits.PerStore > 0 && check.Store is { } store)
        {
            var reserved = store.Holds.OthersAt(check.Now, check.Reservation).Count;
            if (store.Uses + reserved >= limits.PerStore)
            {
                Reached(ref failing, "per_store", limits.PerStore, store.Uses, reserved);
            }
        }

        var today = limits.PerDay > 0 && state.Day == check.Today ? state.DayCount : 0;
        if (limits.PerDay > 0 && today + held.Count >= limits.PerDay)
        {
            Reached(ref failing, "per_day", limits.PerDay, today, held.Count);
        }

        if (limits.TotalDiscountMinorUnits > 0
            && state.DiscountMinorUnits + held.Discount + check.Discount > limits.TotalDiscountMinorUnits)
        {
            Reached(
                ref failing, "total_discount", limits.TotalDiscountMinorUnits, state.DiscountMinorUnits, held.Discount);
        }
    }

    private static void CustomerLimits(OfferCheck check, OfferLimits limits, OfferUseState use, ref Refusals failing)
    {
        var reserved = use.Holds.OthersAt(check.Now, check.Reservation).Count;
        if (limits.PerCustomer > 0 && use.Uses + reserved >= limits.PerCustomer)
        {
            Reached(ref failing, "per_customer", limits.PerCustomer, use.Uses, reserved);
        }

        if (limits.PerCustomerPeriod == 0) return;
        var inPeriod = use.Period == limits.Period.StartOf(check.Today) ? use.PeriodUses : 0;
        if (inPeriod + reserved >= limits.PerCustomerPeriod)
        {
            Reached(ref failing, "per_customer_period", limits.PerCustomerPeriod, inPeriod, reserved);
        }
    }

    private static void Reached(ref Refusals failing, string limit, long maximum, long used, long reserved) =>
        failing.Add(
            RefusalReason.LimitReached,
            ("limit", limit),
            ("maximum", maximum),
            ("used", used),
            ("reserved", reserved));

    internal static Instant? Earliest(Instant? left, Instant? right) =>
        left is { } a && right is { } b ? (a < b ? a : b) : left ?? right;
}
