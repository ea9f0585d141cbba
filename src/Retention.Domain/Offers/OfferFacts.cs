using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Offers;

/// <summary>What happened to one offer.</summary>
[JsonDerivedType(typeof(OfferCreated), "offer-created")]
[JsonDerivedType(typeof(OfferTargetsAdded), "offer-targets-added")]
[JsonDerivedType(typeof(OfferTargetsListed), "offer-targets-listed")]
[JsonDerivedType(typeof(OfferActivated), "offer-activated")]
[JsonDerivedType(typeof(OfferPaused), "offer-paused")]
[JsonDerivedType(typeof(OfferCouponsIssued), "offer-coupons-issued")]
[JsonDerivedType(typeof(OfferCouponVoided), "offer-coupon-voided")]
[JsonDerivedType(typeof(OfferRedeemed), "offer-redeemed")]
[JsonDerivedType(typeof(OfferRedemptionReversed), "offer-redemption-reversed")]
[JsonDerivedType(typeof(OfferRedemptionReduced), "offer-redemption-reduced")]
[JsonDerivedType(typeof(OfferUpdated), "offer-updated")]
[JsonDerivedType(typeof(OfferBudgetReached), "offer-budget-reached")]
[JsonDerivedType(typeof(OfferReserved), "offer-reserved")]
[JsonDerivedType(typeof(OfferReservationReleased), "offer-reservation-released")]
public abstract record OfferFact;

public sealed record OfferCreated(Offer Offer, Instant At) : OfferFact;

/// <summary>Of older journals, where a list stood in the customers' use grains.</summary>
public sealed record OfferTargetsAdded(int Count, Instant At) : OfferFact;

/// <param name="Count">Customers who were not on the list before; its buckets name them in the same commit.</param>
public sealed record OfferTargetsListed(int Count, Instant At) : OfferFact;

public sealed record OfferActivated(Instant At) : OfferFact;

public sealed record OfferPaused(Instant At) : OfferFact
{
    /// <summary>Null: somebody paused it.</summary>
    public string? Cause { get; init; }
}

/// <param name="Offer">As it is from now on.</param>
public sealed record OfferUpdated(Offer Offer, Instant At) : OfferFact;

/// <summary>What was given reached 80, 95 or 100 percent of the budget.</summary>
public sealed record OfferBudgetReached(int Percent, long Given, long Budget, Instant At) : OfferFact;

public sealed record OfferCouponsIssued(int Count, Instant At) : OfferFact
{
    /// <summary>What the budget keeps for all of them; null: nothing.</summary>
    public IssueReserve? Reserve { get; init; }
}

/// <param name="Coupon">Its id, not its code.</param>
public sealed record OfferCouponVoided(string Coupon, Instant At) : OfferFact
{
    /// <summary>What the budget kept for it and keeps no more; null: its budget counts at redemption.</summary>
    public IssueReserve? Unreserved { get; init; }
}

/// <param name="Day">In the offer's zone; null where the offer has no limit per day.</param>
public sealed record OfferRedeemed(string Redemption, string Customer, long Discount, LocalDate? Day, Instant At)
    : OfferFact
{
    /// <summary>The reservation that it used up; null: none.</summary>
    public string? Reservation { get; init; }

    /// <summary>What the budget kept for the coupon since its issue; null: its budget counts at redemption.</summary>
    public IssueReserve? Unreserved { get; init; }
}

/// <param name="Day">The day of the redemption, which alone gets its count back.</param>
/// <param name="ReturnId">The return that caused it; empty: none.</param>
public sealed record OfferRedemptionReversed(
    string Redemption, long Discount, LocalDate? Day, string Reason, string ReturnId, Instant At) : OfferFact
{
    /// <summary>What came back is kept for the coupon again; null: its budget counts at redemption.</summary>
    public IssueReserve? Reserve { get; init; }
}

/// <summary>A part of the discount came back with returned lines; the redemption still counts.</summary>
public sealed record OfferRedemptionReduced(
    string Redemption, long Discount, string Reason, string ReturnId, Instant At) : OfferFact;

/// <param name="Coupon">The unique coupon's code; null for a generic code.</param>
public sealed record OfferReserved(
    string Reservation, string Customer, long Discount, string? Coupon, Instant ExpiresAt, Instant At) : OfferFact
{
    /// <summary>Whose limit it holds a unit of; null: stores are not limited.</summary>
    public string? Store { get; init; }
}

public sealed record OfferReservationReleased(string Reservation, Instant At) : OfferFact;

/// <summary>What happened to one customer's part in an offer.</summary>
[JsonDerivedType(typeof(UseTargeted), "use-targeted")]
[JsonDerivedType(typeof(UseRedeemed), "use-redeemed")]
[JsonDerivedType(typeof(UseReversed), "use-reversed")]
[JsonDerivedType(typeof(UseReserved), "use-reserved")]
[JsonDerivedType(typeof(UseReservationReleased), "use-reservation-released")]
public abstract record OfferUseFact;

/// <summary>Of older journals.</summary>
public sealed record UseTargeted(Instant At) : OfferUseFact;

public sealed record UseRedeemed(string Redemption) : OfferUseFact
{
    /// <summary>The reservation that it used up; null: none.</summary>
    public string? Reservation { get; init; }

    /// <summary>First day of its period; null where the offer limits no period.</summary>
    public LocalDate? Period { get; init; }
}

public sealed record UseReversed(string Redemption) : OfferUseFact
{
    /// <summary>The period of the redemption, which alone gets its count back.</summary>
    public LocalDate? Period { get; init; }
}

public sealed record UseReserved(string Reservation, Instant ExpiresAt, Instant At) : OfferUseFact;

public sealed record UseReservationReleased(string Reservation) : OfferUseFact;
