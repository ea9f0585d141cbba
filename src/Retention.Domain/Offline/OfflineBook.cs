using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Offline;

/// <summary>
/// What tills accepted without the network: of a chain's own offers in its own partition, of an agreement in the
/// agreement's. The grain called "head" counts; conflicts stand in pages, whose key is their number.
/// </summary>
public sealed record OfflineBookState
{
    public const int PageSize = 100;

    public static readonly OfflineBookState Initial = new();

    /// <summary>Of the head: captures that became redemptions.</summary>
    public long AcceptedCount { get; init; }

    public long AcceptedMinorUnits { get; init; }

    /// <summary>Of the head.</summary>
    public long ConflictCount { get; init; }

    /// <summary>Of the head: what tills gave and no redemption stands for.</summary>
    public long LossMinorUnits { get; init; }

    /// <summary>Of a page.</summary>
    public ImmutableArray<OfflineConflict> Conflicts { get => field.IsDefault ? [] : field; init; }

    public OfflineBookState Evolve(OfflineFact fact) => fact switch
    {
        OfflineAccepted accepted => this with
        {
            AcceptedCount = AcceptedCount + 1,
            AcceptedMinorUnits = AcceptedMinorUnits + accepted.Discount,
        },
        OfflineConflictCounted counted => this with
        {
            ConflictCount = ConflictCount + 1,
            LossMinorUnits = LossMinorUnits + counted.Loss,
        },
        OfflineConflicted conflicted => this with { Conflicts = Conflicts.Add(conflicted.Conflict) },
        _ => throw new InvalidOperationException($"An offline book knows no {fact.GetType().Name}."),
    };
}

/// <summary>A discount that a till gave without the network and that could not become a redemption.</summary>
/// <param name="Number">1, 2, 3, ... without a gap in one book.</param>
/// <param name="CouponId">Empty for a generic code.</param>
/// <param name="OfferId">The offer, or the leg of an agreement.</param>
/// <param name="Reasons">In the order in which a redemption refuses; at least one.</param>
/// <param name="Loss">What the till gave.</param>
public sealed record OfflineConflict(
    long Number,
    string CouponId,
    string OfferId,
    string Source,
    string OrderId,
    string StoreId,
    string TillId,
    ImmutableArray<string> Reasons,
    long Loss,
    LossParty BorneBy,
    Instant TillAt,
    Instant CapturedAt);

/// <summary>What happened to one offline book.</summary>
[JsonDerivedType(typeof(OfflineAccepted), "offline-accepted")]
[JsonDerivedType(typeof(OfflineConflictCounted), "offline-conflict-counted")]
[JsonDerivedType(typeof(OfflineConflicted), "offline-conflicted")]
public abstract record OfflineFact;

/// <summary>The redemption stands in the same commit.</summary>
public sealed record OfflineAccepted(
    string Redemption, long Discount, string Source, string OrderId, Instant TillAt, Instant At) : OfflineFact;

public sealed record OfflineConflictCounted(long Loss, Instant At) : OfflineFact;

public sealed record OfflineConflicted(OfflineConflict Conflict) : OfflineFact;
