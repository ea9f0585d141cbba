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

    /// <summary>What the issuer owes by this leg alone.</summary>
    public long Net { get; init; }

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

    public LegCounts Opened(LocalDate endsOn, long minorUnits)
    {
        var index = 0;
        while (index < OpenDays.Length && OpenDays[index].EndsOn < endsOn)
        {
            index++;
        }

        var isKnown = index < OpenDays.Length && OpenDays[index].EndsOn == endsOn;
        var day = isKnown ? OpenDays[index] : new OpenDay(endsOn, 0, 0);
        var more = new OpenDay(endsOn, day.Count + 1, day.MinorUnits + minorUnits);
        return this with { OpenDays = isKnown ? OpenDays.SetItem(index, more) : OpenDays.Insert(index, more) };
    }

    public LegCounts Closed(LocalDate endsOn, long minorUnits)
    {
        for (var index = 0; index < OpenDays.Length; index++)
        {
            var day = OpenDays[index];
            if (day.EndsOn != endsOn) continue;
            return this with
            {
                OpenDays = day.Count == 1
                    ? OpenDays.RemoveAt(index)
                    : OpenDays.SetItem(index, new OpenDay(endsOn, day.Count - 1, day.MinorUnits - minorUnits)),
            };
        }

        throw new InvalidOperationException($"No coupon of the leg is open to {endsOn}.");
    }
}

public readonly record struct OpenDay(LocalDate EndsOn, long Count, long MinorUnits);
