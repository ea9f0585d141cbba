using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Offers;

/// <summary>A unit of an offer's limits that a reservation keeps for its order.</summary>
/// <param name="ExpiresAt">Exclusive: from this instant on it holds nothing.</param>
public readonly record struct Hold(string Reservation, long Discount, Instant ExpiresAt);

/// <summary>The holds of one offer or customer. What is over leaves the list with the next reservation.</summary>
public static class Holds
{
    /// <summary>Open reservations of one offer at one time.</summary>
    public const int OpenMax = 2_000;

    /// <summary>How many are open at the moment and what they hold, but for one's own.</summary>
    public static (long Count, long Discount) OthersAt(this ImmutableArray<Hold> holds, Instant now, string own)
    {
        var (count, discount) = (0L, 0L);
        foreach (ref readonly var hold in holds.AsSpan())
        {
            if (hold.ExpiresAt <= now || hold.Reservation == own) continue;
            count++;
            discount += hold.Discount;
        }

        return (count, discount);
    }

    public static bool IsOpen(this ImmutableArray<Hold> holds, string reservation, Instant now)
    {
        foreach (ref readonly var hold in holds.AsSpan())
        {
            if (hold.Reservation == reservation) return hold.ExpiresAt > now;
        }

        return false;
    }

    public static ImmutableArray<Hold> With(this ImmutableArray<Hold> holds, Hold added, Instant now)
    {
        var open = ImmutableArray.CreateBuilder<Hold>(holds.Length + 1);
        foreach (ref readonly var hold in holds.AsSpan())
        {
            if (hold.ExpiresAt > now) open.Add(hold);
        }

        open.Add(added);
        return open.ToImmutable();
    }

    public static ImmutableArray<Hold> Without(this ImmutableArray<Hold> holds, string? reservation)
    {
        for (var i = 0; reservation is not null && i < holds.Length; i++)
        {
            if (holds[i].Reservation == reservation) return holds.RemoveAt(i);
        }

        return holds;
    }
}
