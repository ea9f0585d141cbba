using System.Collections.Immutable;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Coupons;

/// <summary>How a discount lies on the lines of a basket, and what of it a returned part of a line takes back.</summary>
public static class DiscountSpread
{
    /// <summary>
    /// By the lines' amounts: up to each line in its order, the share of the sum so far, rounded down; so the shares
    /// add up to the discount exactly. Nothing where the lines have no amount.
    /// </summary>
    /// <param name="lines">Those that the discount lies on.</param>
    /// <param name="basket">All that the till told; the others may come back, too, and give nothing.</param>
    public static ImmutableArray<RedeemedLine> Over(
        ImmutableArray<BasketLine> lines, long discount, ImmutableArray<BasketLine> basket)
    {
        var spread = Over(lines, discount);
        return spread.Length == 0 || lines.Length == basket.Length ? spread : spread.AddRange(basket
            .Except<BasketLine>(lines, ReferenceEqualityComparer.Instance)
            .Select(line => new RedeemedLine(line.LineId, line.Quantity, line.AmountMinorUnits, 0) { IsBeside = true }));
    }

    public static ImmutableArray<RedeemedLine> Over(ImmutableArray<BasketLine> lines, long discount)
    {
        if (lines.IsEmpty) return [];
        var whole = lines.Aggregate((Int128)0, (sum, line) => sum + line.AmountMinorUnits);
        if (whole == 0) return [];

        var spread = ImmutableArray.CreateBuilder<RedeemedLine>(lines.Length);
        var (soFar, given) = ((Int128)0, 0L);
        foreach (var line in lines)
        {
            soFar += line.AmountMinorUnits;
            var upTo = (long)(discount * soFar / whole);
            spread.Add(new RedeemedLine(line.LineId, line.Quantity, line.AmountMinorUnits, upTo - given));
            given = upTo;
        }

        return spread.MoveToImmutable();
    }

    /// <summary>
    /// What returned lines take back: the share of the amount returned so far, rounded down, less what came back before;
    /// the last piece of a line takes its rest, so that no line ever gives back more than it got.
    /// </summary>
    public static (ImmutableArray<LineBack> Back, Refusal? Refusal) Take(
        RedemptionState redemption, ImmutableArray<CouponReturnLine> asked)
    {
        var back = ImmutableArray.CreateBuilder<LineBack>(asked.Length);
        foreach (var ask in asked)
        {
            var line = redemption.Lines.FirstOrDefault(line => line.Line == ask.LineId);
            if (line is null) return ([], Because(RefusalReason.LineNotFound, ("line_id", ask.LineId)));

            var amount = ask.Amount?.MinorUnits ?? Share(line, ask.Quantity);
            if (line.QuantityBack + ask.Quantity > line.Quantity || line.AmountBack + amount > line.Amount)
            {
                return ([], Because(
                    RefusalReason.ReturnExceedsPurchase,
                    ("line_id", ask.LineId),
                    ("left_quantity", line.Quantity - line.QuantityBack),
                    ("left_minor_units", line.Amount - line.AmountBack)));
            }

            back.Add(new LineBack(ask.LineId, ask.Quantity, amount, Discount(line, amount)));
        }

        return (back.MoveToImmutable(), null);
    }

    private static long Discount(RedeemedLine line, long amount)
    {
        var upTo = line.Amount == 0 ? line.Discount : (long)((Int128)line.Discount * (line.AmountBack + amount) / line.Amount);
        return upTo - line.DiscountBack;
    }

    private static long Share(RedeemedLine line, long quantity) => line.QuantityBack + quantity >= line.Quantity
        ? line.Amount - line.AmountBack
        : Math.Min((long)((Int128)line.Amount * quantity / line.Quantity), line.Amount - line.AmountBack);
}
