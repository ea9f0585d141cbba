using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>Points that are authorized for a redemption to come: nobody else's until they are captured, voided or too late.</summary>
/// <param name="Slices">Taken from the lots; what expires meanwhile may still be captured.</param>
/// <param name="ExpiresAt">Exclusive: from then on the points are back.</param>
public sealed record Hold(
    [property: JsonPropertyName("id")] string HoldId,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Slices,
    [property: JsonPropertyName("x")] Instant ExpiresAt)
{
    [JsonIgnore]
    public long Millipoints => Slices.Sum(slice => slice.Millipoints);
}

/// <summary>
/// Holds end by time alone: whoever looks at a customer's points or folds a fact first releases what was too late by then.
/// </summary>
public static class Holds
{
    /// <summary>Open holds of one customer.</summary>
    public const int HoldsMax = 32;

    /// <summary>The customer at a moment that is not before his last fact.</summary>
    public static CustomerState Settled(CustomerState state, Instant now)
    {
        if (state.Holds.IsDefaultOrEmpty) return state;

        foreach (var hold in state.Holds.Where(hold => hold.ExpiresAt <= now).OrderBy(hold => hold.ExpiresAt))
        {
            state = Released(state, hold.HoldId, [], hold.ExpiresAt);
        }

        return state;
    }

    public static long Sum(CustomerState state) => state.Holds.IsDefaultOrEmpty ? 0 : state.Holds.Sum(hold => hold.Millipoints);

    /// <summary>Ends a hold: what is not kept goes back to its lots, and what is live there pays a debt.</summary>
    public static CustomerState Released(
        CustomerState state, string holdId, ImmutableArray<LotSlice> kept, Instant at)
    {
        if (state.Holds.FirstOrDefault(hold => hold.HoldId == holdId) is not { } hold) return state;

        var lots = Lots.Restore(state.Lots, Without(hold.Slices, kept));
        var paid = ImmutableArray.CreateBuilder<LotSlice>();
        var debt = state.Debt - Lots.TakeSoonest(lots, state.Debt, at, 0, paid);
        return state with
        {
            Lots = Lots.Take(lots, paid.ToImmutable()),
            Debt = debt,
            Holds = state.Holds.Remove(hold),
        };
    }

    /// <summary>The first of the slices, up to so many points.</summary>
    public static ImmutableArray<LotSlice> First(ImmutableArray<LotSlice> slices, long millipoints)
    {
        var first = ImmutableArray.CreateBuilder<LotSlice>();
        foreach (var slice in slices)
        {
            var part = Math.Min(slice.Millipoints, millipoints);
            if (part == 0) break;
            first.Add(slice with { Millipoints = part });
            millipoints -= part;
        }

        return first.ToImmutable();
    }

    // What is kept is the first part of the whole.
    private static ImmutableArray<LotSlice> Without(ImmutableArray<LotSlice> slices, ImmutableArray<LotSlice> kept)
    {
        if (kept.IsDefaultOrEmpty) return slices;

        var rest = ImmutableArray.CreateBuilder<LotSlice>();
        for (var i = 0; i < slices.Length; i++)
        {
            var left = slices[i].Millipoints - (i < kept.Length ? kept[i].Millipoints : 0);
            if (left > 0) rest.Add(slices[i] with { Millipoints = left });
        }

        return rest.ToImmutable();
    }
}

/// <summary>Points were set aside.</summary>
public sealed record PointsHeld(
    [property: JsonPropertyName("id")] string HoldId,
    [property: JsonPropertyName("m")] long Millipoints,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Slices,
    [property: JsonPropertyName("x")] Instant ExpiresAt) : CustomerFact;

/// <summary>Held points paid for a redemption; the rest went back.</summary>
/// <param name="Slices">The first of the hold's.</param>
public sealed record HoldCaptured(
    [property: JsonPropertyName("hold")] string HoldId,
    [property: JsonPropertyName("id")] string RedemptionId,
    [property: JsonPropertyName("m")] long Millipoints,
    [property: JsonPropertyName("sl")] ImmutableArray<LotSlice> Slices) : CustomerFact
{
    /// <summary>For those to whom it is a redemption as any other.</summary>
    [JsonIgnore]
    public PointsRedeemed AsRedemption => new(RedemptionId, Millipoints, Slices, null, null, null) { At = At, Origin = Origin };
}

/// <summary>All of it went back.</summary>
public sealed record HoldVoided([property: JsonPropertyName("hold")] string HoldId) : CustomerFact;
