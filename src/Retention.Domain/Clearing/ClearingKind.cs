using System.Globalization;

namespace Retention.Domain.Clearing;

/// <summary>Which sum of a statement an entry goes into: closing = opening + redeemed - reversed + fees + tax - paid.</summary>
public enum StatementSum
{
    /// <summary>Nothing that is owed changes.</summary>
    None,
    Redeemed = 1,
    Reversed,
    Fees,
    Tax,
    Paid,
}

/// <summary>What an entry is for: its name in lines and feeds, and where it counts. A new entry fact is one arm here.</summary>
public readonly record struct ClearingKind(string Name, StatementSum Sum)
{
    public static ClearingKind Of(EntryFact fact) => fact switch
    {
        RedemptionCleared => new("REDEEMED", StatementSum.Redeemed),
        ReversalCleared => new("REVERSED", StatementSum.Reversed),
        ClawBackCleared => new("CLAWED_BACK", StatementSum.Reversed),
        RedemptionPending => new("PROVISIONAL", StatementSum.None),
        RedemptionConfirmed => new("CONFIRMED", StatementSum.Redeemed),
        RedemptionUnconfirmed => new("UNCONFIRMED", StatementSum.None),
        SaleReturnCleared => new("SALE_RETURNED", StatementSum.Reversed),
        FeeCleared => new("FEE", StatementSum.Fees),
        FeeReversed => new("FEE_REVERSED", StatementSum.Fees),
        TaxCleared => new("TAX", StatementSum.Tax),
        SettlementConfirmed => new("SETTLED", StatementSum.Paid),
        DisputeOpened => new("DISPUTED", StatementSum.None),
        DisputeResolved => new("DISPUTE_RESOLVED", StatementSum.Reversed),
        _ => throw new InvalidOperationException($"{fact.GetType().Name} is no entry."),
    };

    /// <summary>By ascending name (ordinal); empty values are left out.</summary>
    public static IReadOnlyList<LineDetail> DetailsOf(EntryFact fact)
    {
        var details = new List<LineDetail>();
        var provisional = fact.FirstCredit(Book.Provisional);
        switch (fact)
        {
            case SaleReturnCleared returned:
                Add("returned", returned.ReturnedMinorUnits);
                Add("sold", returned.SoldMinorUnits);
                break;
            case FeeCleared fee:
                Add("for", fee.Trigger);
                break;
            case TaxCleared tax:
                Add("rate_bps", tax.RateBps);
                Add("taxed_entry", tax.TaxedNumber);
                break;
            case SettlementConfirmed settled:
                Add("reference", settled.Reference);
                Add("settlement", settled.SettlementId);
                Add("value_date", settled.ValueOn.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture));
                break;
            case DisputeOpened opened:
                Add("dispute", opened.DisputeId);
                Add("disputed", opened.FirstMinorUnits);
                Add("entry", opened.DisputedNumber);
                break;
            case DisputeResolved resolved:
                Add("dispute", resolved.DisputeId);
                Add("entry", resolved.DisputedNumber);
                Add("outcome", resolved.Outcome);
                break;
        }

        if (provisional != 0) Add("provisional", provisional);
        if (fact.Rate is { } rate)
        {
            Add("counter", fact.FirstCredit(Book.Counter));
            if (fact.FirstCredit(Book.CounterProvisional) is var later and not 0) Add("counter_provisional", later);
            Add("rate", $"{rate.Units}:{rate.CounterUnits}");
            Add("rate_date", rate.On.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture));
            Add("rate_source", rate.Source);
        }

        if (fact.TaxIncludedMinorUnits != 0) Add("tax_included", fact.TaxIncludedMinorUnits);
        details.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return details;

        void Add(string name, object value)
        {
            var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            if (text.Length > 0) details.Add(new LineDetail(name, text));
        }
    }
}
