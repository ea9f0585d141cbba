using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Offers;

namespace Retention.Domain.Coupons;

/// <summary>One unique coupon of a chain's own offer; its key is its code.</summary>
public sealed record CouponState
{
    public static readonly CouponState Initial = new();

    /// <summary>Empty: the coupon does not exist.</summary>
    public string OfferId { get; init; } = "";

    /// <summary>The holder, to whom it is bound; empty: whoever bears it.</summary>
    public string CustomerId { get; init; } = "";

    /// <summary>Exclusive; null: only the offer's own end counts.</summary>
    public Instant? ExpiresAt { get; init; }

    /// <summary>The redemption that stands; empty: not redeemed.</summary>
    public string RedemptionId { get; init; } = "";

    /// <summary>The last reservation, which may be over; empty: none.</summary>
    public string ReservationId { get => field ?? ""; init; } = "";

    /// <summary>Exclusive.</summary>
    public Instant ReservedUntil { get; init; }

    public bool IsVoided { get; init; }

    /// <summary>What the offer's budget keeps for it; null: nothing.</summary>
    public IssueReserve? Reserve { get; init; }

    /// <summary>Its own facts say what is reserved, and not the series that it may be of.</summary>
    public bool HasOwnReserve { get; init; }

    public bool Exists => OfferId.Length > 0;

    public bool IsRedeemed => RedemptionId.Length > 0;

    public bool IsReservedAt(Instant now) => ReservationId.Length > 0 && now < ReservedUntil;

    public CouponState Evolve(CouponFact fact) => fact switch
    {
        CouponIssued issued => this with
        {
            OfferId = issued.OfferId,
            CustomerId = issued.CustomerId,
            ExpiresAt = issued.ExpiresAt,
            Reserve = issued.Reserve,
            HasOwnReserve = true,
        },
        CouponRedeemed redeemed => this with
        {
            RedemptionId = redeemed.Redemption,
            ReservationId = "",
            Reserve = null,
            HasOwnReserve = true,
        },
        CouponReversed reversed => this with { RedemptionId = "", Reserve = reversed.Reserve },
        CouponVoided => this with { IsVoided = true, Reserve = null, HasOwnReserve = true },
        CouponReserved reserved => this with
        {
            ReservationId = reserved.Reservation,
            ReservedUntil = reserved.ExpiresAt,
        },
        CouponReservationReleased => this with { ReservationId = "" },
        _ => throw new InvalidOperationException($"A coupon knows no {fact.GetType().Name}."),
    };
}

/// <summary>What happened to one unique coupon.</summary>
[JsonDerivedType(typeof(CouponIssued), "coupon-issued")]
[JsonDerivedType(typeof(CouponRedeemed), "coupon-redeemed")]
[JsonDerivedType(typeof(CouponReversed), "coupon-reversed")]
[JsonDerivedType(typeof(CouponVoided), "coupon-voided")]
[JsonDerivedType(typeof(CouponReserved), "coupon-reserved")]
[JsonDerivedType(typeof(CouponReservationReleased), "coupon-reservation-released")]
public abstract record CouponFact;

public sealed record CouponIssued(string OfferId, string CustomerId, Instant? ExpiresAt, Instant At) : CouponFact
{
    /// <summary>What the offer's budget keeps for it; null: nothing.</summary>
    public IssueReserve? Reserve { get; init; }
}

public sealed record CouponRedeemed(string Redemption, long Discount, Instant At) : CouponFact;

public sealed record CouponReversed(string Redemption, Instant At) : CouponFact
{
    /// <summary>What came back, kept for it again; null: nothing.</summary>
    public IssueReserve? Reserve { get; init; }
}

public sealed record CouponVoided(string Reason, Instant At) : CouponFact;

public sealed record CouponReserved(string Reservation, Instant ExpiresAt, Instant At) : CouponFact;

public sealed record CouponReservationReleased(string Reservation, Instant At) : CouponFact;

/// <summary>The unique coupons bound to one customer, oldest first; its key is the customer's id.</summary>
public sealed record WalletState
{
    public const int CodesMax = 200;

    public static readonly WalletState Initial = new();

    public ImmutableArray<string> Codes { get; init; } = [];

    public WalletState Evolve(WalletFact fact) => fact switch
    {
        WalletFilled filled => this with { Codes = Codes.Add(filled.Code) },
        _ => throw new InvalidOperationException($"A wallet knows no {fact.GetType().Name}."),
    };
}

/// <summary>What happened to one customer's wallet.</summary>
[JsonDerivedType(typeof(WalletFilled), "wallet-filled")]
public abstract record WalletFact;

public sealed record WalletFilled(string Code) : WalletFact;
