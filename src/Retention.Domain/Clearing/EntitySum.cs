using System.Collections.Immutable;
using System.Globalization;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>What one company's stores redeemed in a month, seen from the first side.</summary>
/// <param name="Redeemer">Whose company it is.</param>
/// <param name="EntityId">Empty: the tenant itself; <see cref="Rest"/>: all beyond <see cref="EntitiesMax"/>.</param>
public sealed record EntitySum(Side Redeemer, string EntityId, long Redeemed, long Reversed)
{
    /// <summary>So many companies of both sides have subtotals of their own in one month.</summary>
    public const int EntitiesMax = 100;

    /// <summary>No id has this form.</summary>
    public const string Rest = "*";

    /// <summary>"1" or "2" for the side, the company, redeemed and reversed, between commas.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Redeemer == Side.First ? 1 : 2)},{(EntityId == Rest ? Rest : ClearingLine.Escaped(EntityId))},{Redeemed},{Reversed}");

    public static ImmutableArray<EntitySum> Added(
        ImmutableArray<EntitySum> sums, Side redeemer, string entityId, StatementSum sum, long moved)
    {
        var index = Find(sums, redeemer, entityId);
        if (index < 0 && sums.Length >= EntitiesMax && entityId != Rest)
        {
            return Added(sums, redeemer, Rest, sum, moved);
        }

        var known = index < 0 ? new EntitySum(redeemer, entityId, 0, 0) : sums[index];
        var next = sum == StatementSum.Redeemed
            ? known with { Redeemed = known.Redeemed + moved }
            : known with { Reversed = known.Reversed - moved };
        return index < 0 ? sums.Insert(~index, next) : sums.SetItem(index, next);
    }

    // By side, then id; the complement of the place where it belongs, when it is not there.
    private static int Find(ImmutableArray<EntitySum> sums, Side redeemer, string entityId)
    {
        var index = 0;
        while (index < sums.Length)
        {
            var order = sums[index].Redeemer.CompareTo(redeemer);
            if (order == 0) order = string.CompareOrdinal(sums[index].EntityId, entityId);
            if (order == 0) return index;
            if (order > 0) break;
            index++;
        }

        return ~index;
    }
}
