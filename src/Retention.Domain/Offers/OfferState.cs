using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Offers;

/// <summary>One offer: what it says and what was taken of its limits. Its size does not grow with its use.</summary>
public sealed record OfferState
{
    public static readonly OfferState Initial = new();

    public Offer? Offer { get; init; }

    public OfferStatus Status { get; init; }

    /// <summary>Customers put on the target list.</summary>
    public long TargetCount { get; init; }

    /// <summary>Those of them who stand in buckets; the others were put on it by older programs.</summary>
    public long ListedCount { get; init; }

    /// <summary>Unique coupons issued.</summary>
    public long IssuedCount { get; init; }

    /// <summary>Redemptions that stand.</summary>
    public long RedeemedCount { get; init; }

    /// <summary>Discounts of the redemptions that stand.</summary>
    public long DiscountMinorUnits { get; init; }

    /// <summary>The latest day with a redemption, in the offer's zone, where the offer has a limit per day.</summary>
    public LocalDate? Day { get; init; }

    public long DayCount { get; init; }

    /// <summary>Reservations, some of them perhaps over by now.</summary>
    public ImmutableArray<Hold> Holds { get => field.IsDefault ? [] : field; init; }

    /// <summary>Where the budget is kept from the issue on.</summary>
    public ImmutableArray<IssueReserve> Reserves { get => field.IsDefault ? [] : field; init; }

    /// <summary>The highest of 80, 95 and 100 percent of the budget that was reached and told; 0: none.</summary>
    public int BudgetPercent { get; init; }

    /// <summary>It was paused because its budget was used up, and not by somebody.</summary>
    public bool IsPausedByBudget { get; init; }

    public bool IsTargeted => TargetCount > 0 || Offer is { Conditions.TargetsOnly: true };

    public OfferState Evolve(OfferFact fact) => fact switch
    {
        OfferCreated created => this with { Offer = created.Offer, Status = OfferStatus.Draft },
        OfferTargetsAdded added => this with { TargetCount = TargetCount + added.Count },
        OfferTargetsListed listed => this with
        {
            TargetCount = TargetCount + listed.Count,
            ListedCount = ListedCount + listed.Count,
        },
        OfferActivated => this with { Status = OfferStatus.Active, IsPausedByBudget = false },
        OfferPaused paused => this with
        {
            Status = OfferStatus.Paused,
            IsPausedByBudget = paused.Cause == OfferBudget.PauseCause,
        },
        OfferUpdated updated => this with
        {
            Offer = updated.Offer,
            BudgetPercent = OfferBudget.PercentReached(updated.Offer, DiscountMinorUnits + Reserves.At(updated.At)),
        },
        OfferBudgetReached reached => this with { BudgetPercent = reached.Percent },
        OfferCouponsIssued issued => this with
        {
            IssuedCount = IssuedCount + issued.Count,
            Reserves = Reserves.Plus(issued.Reserve, issued.At),
        },
        OfferCouponVoided voided => this with { Reserves = Reserves.Less(voided.Unreserved, voided.At) },
        OfferRedeemed redeemed => Redeemed(redeemed),
        OfferRedemptionReversed reversed => Reversed(reversed),
        OfferRedemptionReduced reduced => this with { DiscountMinorUnits = DiscountMinorUnits - reduced.Discount },
        OfferReserved reserved => this with
        {
            Holds = Holds.With(new Hold(reserved.Reservation, reserved.Discount, reserved.ExpiresAt), reserved.At),
        },
        OfferReservationReleased released => this with { Holds = Holds.Without(released.Reservation) },
        _ => throw new InvalidOperationException($"An offer knows no {fact.GetType().Name}."),
    };

    private OfferState Redeemed(OfferRedeemed redeemed) => this with
    {
        RedeemedCount = RedeemedCount + 1,
        DiscountMinorUnits = DiscountMinorUnits + redeemed.Discount,
        Day = redeemed.Day ?? Day,
        DayCount = redeemed.Day is null ? DayCount : redeemed.Day == Day ? DayCount + 1 : 1,
        Holds = Holds.Without(redeemed.Reservation),
        Reserves = Reserves.Less(redeemed.Unreserved, redeemed.At),
    };

    private OfferState Reversed(OfferRedemptionReversed reversed) => this with
    {
        RedeemedCount = RedeemedCount - 1,
        DiscountMinorUnits = DiscountMinorUnits - reversed.Discount,
        Reserves = Reserves.Plus(reversed.Reserve, reversed.At),
        DayCount = reversed.Day is { } day && day == Day ? DayCount - 1 : DayCount,
    };
}

/// <summary>
/// One customer's part in one offer, its key is "offer|customer"; or one store's, where the offer is limited per store,
/// in a grain of its own kind with the key "offer|store".
/// </summary>
public sealed record OfferUseState
{
    public static readonly OfferUseState Initial = new();

    /// <summary>Put on the target list by an older program.</summary>
    public bool IsTargeted { get; init; }

    /// <summary>Redemptions that stand.</summary>
    public int Uses { get; init; }

    /// <summary>First day of the latest period with a redemption, where the offer limits a customer's periods.</summary>
    public LocalDate? Period { get; init; }

    public int PeriodUses { get; init; }

    /// <summary>Reservations, some of them perhaps over by now.</summary>
    public ImmutableArray<Hold> Holds { get => field.IsDefault ? [] : field; init; }

    public OfferUseState Evolve(OfferUseFact fact) => fact switch
    {
        UseTargeted => this with { IsTargeted = true },
        UseRedeemed redeemed => this with
        {
            Uses = Uses + 1,
            Period = redeemed.Period ?? Period,
            PeriodUses = redeemed.Period is null ? PeriodUses : redeemed.Period == Period ? PeriodUses + 1 : 1,
            Holds = Holds.Without(redeemed.Reservation),
        },
        UseReversed reversed => this with
        {
            Uses = Uses - 1,
            PeriodUses = reversed.Period is { } period && period == Period ? PeriodUses - 1 : PeriodUses,
        },
        UseReserved reserved => this with
        {
            Holds = Holds.With(new Hold(reserved.Reservation, 0, reserved.ExpiresAt), reserved.At),
        },
        UseReservationReleased released => this with { Holds = Holds.Without(released.Reservation) },
        _ => throw new InvalidOperationException($"An offer's use knows no {fact.GetType().Name}."),
    };
}
