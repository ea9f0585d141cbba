using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Tills;

namespace Retention.Domain.Customers;

/// <summary>What a customer has, at one moment. Millipoints.</summary>
/// <param name="Available">Live points; what can be redeemed now.</param>
/// <param name="Negative">Owed, at least 0; available is 0 then.</param>
/// <param name="NextExpiryAt">Null when no point will expire.</param>
public sealed record PointsBalance(long Available, long Negative, Instant? NextExpiryAt, long NextExpiry)
{
    /// <summary>Set aside, not yet captured or too late.</summary>
    public long Held { get; init; }

    public static PointsBalance Of(CustomerState state, Instant now)
    {
        state = Holds.Settled(state, now);
        var sums = LotSums.Of(state, now);
        return new PointsBalance(sums.Available, state.Debt, sums.ExpiryAt, sums.Expiring) { Held = Holds.Sum(state) };
    }
}

/// <summary>A customer as he stands; the profile is still sealed.</summary>
public sealed record CustomerView(string CustomerId, CustomerState State, PointsBalance Balance, Instant Now);

/// <summary>The lots that have points left or are still alive, and the balance they make.</summary>
public sealed record LotsView(string CustomerId, ImmutableArray<Lot> Lots, PointsBalance Balance, Instant Now);

public sealed record PurchaseReceipt(
    string CustomerId, PurchaseRecorded Purchase, string Currency, PointsBalance Balance)
{
    /// <summary>Redemptions that the sale names and nobody made: they are kept with the sale and do nothing.</summary>
    public ImmutableArray<string> UnknownRedemptionIds { get; init; } = [];

    /// <summary>Rules of the till that flagged the sale; default for none.</summary>
    public ImmutableArray<TillRule> Flags { get; init; }
}

public sealed record ReturnReceipt(string CustomerId, ReturnRecorded Return, string Currency, PointsBalance Balance);

public sealed record RedemptionReceipt(string CustomerId, PointsRedeemed Redemption, PointsBalance Balance);

public sealed record ReversalReceipt(string CustomerId, RedemptionReversed Reversal, PointsBalance Balance);

/// <summary>A purchase and what has come back of it.</summary>
public sealed record PurchaseView(
    string CustomerId, PurchaseRecorded Purchase, string Currency, Purchases.PurchaseState Returns);

public sealed record ContactReceipt(string CustomerId, ContactLogged Contact);
