using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>One customer: what the next decision needs. What happened to him stands in the journal.</summary>
public sealed record CustomerState
{
    public static readonly CustomerState Initial = new();

    [JsonPropertyName("on")]
    public bool IsEnrolled { get; init; }

    /// <summary>The person is forgotten: no profile, no card, no change but the return of an old purchase.</summary>
    [JsonPropertyName("gone")]
    public bool IsErased { get; init; }

    [JsonPropertyName("since")]
    public Instant EnrolledAt { get; init; }

    /// <summary>The latest moment at which something was decided; time never goes back for one customer.</summary>
    [JsonPropertyName("last")]
    public Instant LastAt { get; init; }

    /// <summary>The profile, encrypted under the person's key, base64; null when there is none.</summary>
    [JsonPropertyName("sealed")]
    public string? SealedProfile { get; init; }

    [JsonPropertyName("keys")]
    public ImmutableArray<CustomerKey> Keys { get; init; } = [];

    [JsonPropertyName("consents")]
    public ImmutableArray<Consent> Consents { get; init; } = [];

    [JsonPropertyName("lots")]
    public ImmutableArray<Lot> Lots { get; init; } = [];

    /// <summary>Of the lots, as the last purchase left them; ask through <see cref="LotSums.Of(CustomerState, Instant)"/>.</summary>
    [JsonIgnore]
    public LotSums Sums { get; init; }

    /// <summary>Lots that died with points left are forgotten up to this expiry (inclusive).</summary>
    [JsonPropertyName("forgotten")]
    public Instant ForgottenUntil { get; init; }

    /// <summary>Number of the last lot.</summary>
    [JsonPropertyName("lot")]
    public long LastLot { get; init; }

    /// <summary>Millipoints owed, at least 0: what returns took beyond the balance. Above 0 only when no point is live.</summary>
    [JsonPropertyName("debt")]
    public long Debt { get; init; }

    [JsonPropertyName("purchases")]
    public long PurchaseCount { get; init; }

    /// <summary>Minor units bought less returned.</summary>
    [JsonPropertyName("spend")]
    public long Spend { get; init; }

    /// <summary>Business time of the latest purchase.</summary>
    [JsonPropertyName("bought")]
    public Instant LastPurchaseAt { get; init; }

    /// <summary>Joint coupons that partner offers issued for this customer; at most JointWallet.CouponsMax.</summary>
    [JsonPropertyName("wallet")]
    public ImmutableArray<JointCoupon> Wallet { get; init; } = [];

    /// <summary>Points set aside; at most Holds.HoldsMax that are not too late.</summary>
    [JsonPropertyName("holds")]
    public ImmutableArray<Hold> Holds { get; init; } = [];

    /// <summary>Agreements that know this customer by a pseudonym; at most CustomerLinks.LinksMax.</summary>
    [JsonPropertyName("links")]
    public ImmutableArray<CustomerLink> Links { get; init; } = [];

    /// <summary>True for a customer who takes part; an erased one does not.</summary>
    [JsonIgnore]
    public bool IsActive => IsEnrolled && !IsErased;

    /// <summary>The moment of a decision: never before the last one.</summary>
    public Instant Now(Instant tenantNow) => Instant.Max(tenantNow, LastAt);
}

/// <summary>What a customer can be found by.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CustomerKeyKind>))]
public enum CustomerKeyKind
{
    [JsonStringEnumMemberName("card")]
    Card = 1,

    [JsonStringEnumMemberName("email")]
    Email,

    [JsonStringEnumMemberName("phone")]
    Phone,
}

/// <summary>A card, e-mail or phone of a customer, by the keyed hash that is also its grain's key.</summary>
public sealed record CustomerKey(
    [property: JsonPropertyName("k")] CustomerKeyKind Kind,
    [property: JsonPropertyName("h")] string Hash,
    [property: JsonPropertyName("off")] bool IsBlocked = false);

/// <summary>What a customer allowed or forbade, per brand, channel and purpose.</summary>
/// <param name="TextVersion">Version of the text that the customer saw.</param>
/// <param name="Source">Where it was given: a form, a till, a call.</param>
public sealed record Consent(
    [property: JsonPropertyName("b")] string BrandId,
    [property: JsonPropertyName("ch")] string Channel,
    [property: JsonPropertyName("pu")] string Purpose,
    [property: JsonPropertyName("yes")] bool IsGranted,
    [property: JsonPropertyName("src")] string? Source,
    [property: JsonPropertyName("txt")] string? TextVersion,
    [property: JsonPropertyName("at")] Instant ChangedAt);

/// <summary>A joint coupon as its holder knows it: where it may be redeemed and until when (exclusive).</summary>
public sealed record JointCoupon(
    [property: JsonPropertyName("id")] string CouponId,
    [property: JsonPropertyName("g")] string AgreementId,
    [property: JsonPropertyName("c")] string Code,
    [property: JsonPropertyName("b")] string RedeemingBrandId,
    [property: JsonPropertyName("d")] long DiscountMinorUnits,
    [property: JsonPropertyName("cu")] string Currency,
    [property: JsonPropertyName("x")] Instant ExpiresAt);
