using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Clearing;

/// <summary>Coupons of one leg: issued = consumed + expired + open + voided, at every moment.</summary>
public sealed record LegCounts
{
    public static readonly LegCounts Initial = new();

    public long Issued { get; init; }

    /// <summary>Redemptions that stand, clawed back or not.</summary>
    public long Consumed { get; init; }

    public long Expired { get; init; }

    public long Voided { get; init; }

    /// <summary>Of the consumed.</summary>
    public long ClawedBack { get; init; }

    /// <summary>Triggering purchases that gave no coupon.</summary>
    public long Suppressed { get; init; }

    /// <summary>Those by their reason, in the order of reasons.</summary>
    public ImmutableArray<SuppressedCount> SuppressedBy { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>What the issuer owes by this leg's coupons alone, without fees.</summary>
    public long Net { get; init; }

    /// <summary>What the issuer will owe by this leg when the sales arrive that redemptions wait for.</summary>
    public long Provisional { get; init; }

    /// <summary>Open coupons by their last valid day, ascending; at most one entry for each day of validity.</summary>
    public ImmutableArray<OpenDay> OpenDays { get; init; } = [];

    public long Open
    {
        get
        {
            var open = 0L;
            foreach (var day in OpenDays)
            {
                open += day.Count;
            }

            return open;
        }
    }

    /// <summary>The most that the issuer will owe for the coupons that are open.</summary>
    public long Reserved
    {
        get
        {
            var reserved = 0L;
            foreach (var day in OpenDays)
            {
                reserved += day.Reserved;
            }

            return reserved;
        }
    }

    public LegCounts WithSuppressed(SuppressionReason reason)
    {
        var index = 0;
        while (index < SuppressedBy.Length && SuppressedBy[index].Reason < reason)
        {
            index++;
        }

        var isKnown = index < SuppressedBy.Length && SuppressedBy[index].Reason == reason;
        return this with
        {
            Suppressed = Suppressed + 1,
            SuppressedBy = isKnown
                ? SuppressedBy.SetItem(index, new SuppressedCount(reason, SuppressedBy[index].Count + 1))
                : SuppressedBy.Insert(index, new SuppressedCount(reason, 1)),
        };
    }

    public LegCounts Opened(LocalDate endsOn, long minorUnits, long reserved)
    {
        var index = 0;
        while (index < OpenDays.Length && OpenDays[index].EndsOn < endsOn)
        {
            index++;
        }

        var isKnown = index < OpenDays.Length && OpenDays[index].EndsOn == endsOn;
        var day = isKnown ? OpenDays[index] : new OpenDay(endsOn, 0, 0, 0);
        var more = new OpenDay(endsOn, day.Count + 1, day.MinorUnits + minorUnits, day.Reserved + reserved);
        return this with { OpenDays = isKnown ? OpenDays.SetItem(index, more) : OpenDays.Insert(index, more) };
    }

    public LegCounts Closed(LocalDate endsOn, long minorUnits, long reserved)
    {
        for (var index = 0; index < OpenDays.Length; index++)
        {
            var day = OpenDays[index];
            if (day.EndsOn != endsOn) continue;
            return this with
            {
                OpenDays = day.Count == 1
                    ? OpenDays.RemoveAt(index)
                    : OpenDays.SetItem(index, new OpenDay(
                        endsOn, day.Count - 1, day.MinorUnits - minorUnits, day.Reserved - reserved)),
            };
        }

        throw new InvalidOperationException($"No coupon of the leg is open to {endsOn}.");
    }
}

/// <param name="Reserved">The most that the issuer will owe for these coupons.</param>
public readonly record struct OpenDay(LocalDate EndsOn, long Count, long MinorUnits, long Reserved = 0);

public readonly record struct SuppressedCount(SuppressionReason Reason, long Count);
