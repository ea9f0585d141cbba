using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Purchases;

/// <summary>Decides what part of a purchase comes back and how many points that part had accrued. Pure.</summary>
public static class ReturnDecider
{
    /// <summary>
    /// The reversal is the returned amount's share of what the sale accrued, rounded down to a millipoint;
    /// the return that completes the purchase takes the rest, so that all returns together reverse it exactly.
    /// </summary>
    public static (PurchaseReturned? Fact, Refusal? Refusal) Decide(
        PurchaseState state, PurchaseRecorded sale, string customerId, string currency, ReturnPurchase command, Instant now)
    {
        var (lines, refusal) = command.Lines.IsDefaultOrEmpty
            ? Rest(state, sale)
            : Asked(state, sale, currency, command.Lines);
        if (refusal is not null) return (null, refusal);

        var amount = lines.IsEmpty ? sale.Total - state.Amount : lines.Sum(line => line.Amount);
        var paysBackAll = state.Amount + amount == sale.Total;
        var isLast = paysBackAll && IsEveryLineBack(state, sale, lines);
        var reversed = paysBackAll
            ? sale.Accrued - state.Reversed
            : (long)((Int128)sale.Accrued * amount / sale.Total);
        return (new PurchaseReturned(
            command.ReturnId,
            customerId,
            lines.IsEmpty ? default : lines,
            amount,
            reversed,
            isLast)
        { At = now }, null);
    }

    private static (ImmutableArray<ReturnedLine> Lines, Refusal? Refusal) Rest(PurchaseState state, PurchaseRecorded sale)
    {
        if (state.IsWhole) return ([], Because(ReturnExceedsPurchase, ("returned_minor_units", state.Amount)));
        if (sale.Lines.IsDefaultOrEmpty) return ([], null);

        var rest = ImmutableArray.CreateBuilder<ReturnedLine>(sale.Lines.Length);
        foreach (var line in sale.Lines)
        {
            var back = state.Returned(line.LineId);
            var left = new ReturnedLine(line.LineId, line.Quantity - back.Quantity, line.Amount - back.Amount);
            if (left.Quantity > 0 || left.Amount > 0) rest.Add(left);
        }

        return (rest.DrainToImmutable(), null);
    }

    private static (ImmutableArray<ReturnedLine> Lines, Refusal? Refusal) Asked(
        PurchaseState state, PurchaseRecorded sale, string currency, ImmutableArray<ReturnLine> asked)
    {
        if (asked.Length > PointsDecider.LinesMax)
        {
            return ([], Because(LimitTooMany, ("field", "lines"), ("limit", PointsDecider.LinesMax)));
        }

        var lines = ImmutableArray.CreateBuilder<ReturnedLine>(asked.Length);
        foreach (var ask in asked)
        {
            if (lines.Any(line => line.LineId == ask.LineId))
            {
                return ([], Because(FieldInvalid, ("field", "lines"), ("rule", "each_line_id_once")));
            }

            var (line, refusal) = Take(state, sale, currency, ask);
            if (line is null) return ([], refusal);
            lines.Add(line);
        }

        return (lines.ToImmutable(), null);
    }

    private static (ReturnedLine? Line, Refusal? Refusal) Take(
        PurchaseState state, PurchaseRecorded sale, string currency, ReturnLine ask)
    {
        if (ask.Quantity < 0 || ask.Amount is { MinorUnits: < 0 } || ask is { Quantity: 0, Amount: null or { MinorUnits: 0 } })
        {
            return (null, Because(FieldInvalid, ("field", "lines"), ("rule", "a_quantity_or_an_amount")));
        }

        if (ask.Amount is { } money && money.Currency != currency)
        {
            return (null, Because(CurrencyMismatch, ("currency_code", currency)));
        }

        var sold = sale.Lines.IsDefaultOrEmpty ? null : sale.Lines.FirstOrDefault(line => line.LineId == ask.LineId);
        if (sold is null) return (null, Because(LineNotFound, ("line_id", ask.LineId)));

        var back = state.Returned(ask.LineId);
        var amount = ask.Amount?.MinorUnits ?? ShareOf(sold, back, ask.Quantity);
        if (back.Quantity + ask.Quantity > sold.Quantity || back.Amount + amount > sold.Amount)
        {
            return (null, Because(
                ReturnExceedsPurchase,
                ("line_id", ask.LineId),
                ("left_quantity", sold.Quantity - back.Quantity),
                ("left_minor_units", sold.Amount - back.Amount)));
        }

        return (new ReturnedLine(ask.LineId, ask.Quantity, amount), null);
    }

    // The last piece takes what is left of the line.
    private static long ShareOf(PurchaseLine sold, ReturnedLine back, long quantity)
    {
        if (back.Quantity + quantity >= sold.Quantity) return sold.Amount - back.Amount;
        var share = (long)((Int128)sold.Amount * quantity / sold.Quantity);
        return Math.Min(share, sold.Amount - back.Amount);
    }

    private static bool IsEveryLineBack(PurchaseState state, PurchaseRecorded sale, ImmutableArray<ReturnedLine> lines)
    {
        if (sale.Total > 0 || sale.Lines.IsDefaultOrEmpty) return true;
        foreach (var line in sale.Lines)
        {
            var now = lines.FirstOrDefault(back => back.LineId == line.LineId)?.Quantity ?? 0;
            if (state.Returned(line.LineId).Quantity + now < line.Quantity) return false;
        }

        return true;
    }
}
