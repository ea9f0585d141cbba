namespace Retention.Domain.Clearing;

/// <summary>Which sum of a statement an entry goes into: closing = opening + redeemed - reversed + fees + tax - paid.</summary>
public enum StatementSum
{
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
        _ => throw new InvalidOperationException($"{fact.GetType().Name} is no entry."),
    };

    /// <summary>By ascending name (ordinal); empty values are left out.</summary>
    public static IReadOnlyList<LineDetail> DetailsOf(EntryFact fact) => fact switch
    {
        _ => [],
    };
}
