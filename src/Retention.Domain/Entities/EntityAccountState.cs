using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Clearing;

namespace Retention.Domain.Entities;

/// <summary>
/// The clearing account between two companies of one tenant: double entries, months, and the chain of hashes of
/// agreements' accounts.
/// </summary>
public sealed record EntityAccountState
{
    public static readonly EntityAccountState Initial = new();

    public string First { get; init; } = "";

    public string Second { get; init; } = "";

    public string Currency { get; init; } = "";

    /// <summary>What the second side owes the first; negative: the other way round.</summary>
    public long FirstNet { get; init; }

    /// <summary>Kept apart from the first, by its own credits: their sum is zero, or the books are broken.</summary>
    public long SecondNet { get; init; }

    public long Lines { get; init; }

    /// <summary>The running month; null before the first entry.</summary>
    public PeriodTotals? Period { get; init; }

    /// <summary>Months before, ascending.</summary>
    public ImmutableArray<PeriodTotals> Closed { get; init; } = [];

    public Instant LastAt { get; init; } = Instant.MinValue;

    /// <summary>What statements are bound to in place of an agreement.</summary>
    public string AccountId => $"{First}/{Second}";

    /// <summary>The account as it is on a day that is not before its last fact.</summary>
    public EntityAccountState MovedTo(LocalDate day)
    {
        var state = this;
        while (state.Period is { } period && period.StartsOn.PlusMonths(1) <= day)
        {
            var closed = state.Closed.Add(period);
            state = state with
            {
                Closed = closed.Length > AccountState.ClosedMax ? closed.RemoveAt(0) : closed,
                Period = PeriodTotals.Begin(
                    period.StartsOn.PlusMonths(1), period.Closing, period.StatementHash(AccountId, Currency)),
            };
        }

        return state;
    }

    public EntityAccountState Evolve(EntityFact fact)
    {
        if (fact.Number != Lines + 1)
        {
            throw new InvalidOperationException($"Entry {fact.Number} between companies follows entry {Lines}.");
        }

        var opened = Period is not null ? MovedTo(fact.On) : this with
        {
            First = fact.First ?? "",
            Second = fact.Second ?? "",
            Currency = fact.Currency,
            Period = PeriodTotals.Begin(AccountState.MonthOf(fact.On), 0, ClearingLine.FirstHash),
        };
        var sum = fact is EntityCleared ? StatementSum.Redeemed : StatementSum.Reversed;
        return opened with
        {
            FirstNet = FirstNet + fact.FirstMinorUnits,
            SecondNet = SecondNet + fact.SecondMinorUnits,
            Lines = fact.Number,
            LastAt = Instant.Max(LastAt, fact.At),
            Period = opened.Period!.With(LineOf(fact), sum, fact.FirstMinorUnits, redeemer: null),
        };
    }

    /// <summary>The entry in the form of agreements' lines; leg, coupon, terms version and entity are empty or 0.</summary>
    public static ClearingLine LineOf(EntityFact fact)
    {
        var details = new List<LineDetail> { new("for", fact.Cause.ToString()) };
        if (fact.Subject is { } subject) details.Add(new LineDetail("subject", subject));
        return new ClearingLine(
            fact.Number,
            fact.At,
            fact.On,
            fact is EntityCleared ? "REDEEMED" : "REVERSED",
            "",
            "",
            fact.Redemption,
            0,
            fact.Currency,
            fact.FirstMinorUnits,
            fact.SecondMinorUnits,
            "",
            details);
    }
}
