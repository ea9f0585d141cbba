using System.Collections.Immutable;
using System.Globalization;
using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>
/// One calendar month of an account. Money is seen from the first side: positive is owed to it; the second side
/// sees the same with the other sign. Issued and expired are memo lines, by leg, and not part of the hash: each side
/// learns its own alone.
/// </summary>
/// <param name="StartsOn">The first day of the month.</param>
/// <param name="PreviousHash">The hash of the statement before; 64 zeros before the first.</param>
/// <param name="LinesHash">After the period's last line; the chain begins at the previous hash.</param>
public sealed record PeriodTotals(
    LocalDate StartsOn,
    long Opening,
    long Redeemed,
    long Reversed,
    Memo FirstIssued,
    Memo FirstExpired,
    Memo SecondIssued,
    Memo SecondExpired,
    long Lines,
    string PreviousHash,
    string LinesHash)
{
    public long Fees { get; init; }

    public long Tax { get; init; }

    public long Paid { get; init; }

    /// <summary>Memo: tax contained in what was cleared.</summary>
    public long TaxIncluded { get; init; }

    /// <summary>Memo: what the month's lines come to in the counter currency.</summary>
    public long FirstCounter { get; init; }

    /// <summary>Memo: the most that the first brand will bear for the coupons issued in the month, at either brand.</summary>
    public long FirstFunded { get; init; }

    public long SecondFunded { get; init; }

    /// <summary>Memo: what waits for its sale at the end of a closed period.</summary>
    public long Provisional { get; init; }

    /// <summary>Memo: what is disputed at the end of a closed period.</summary>
    public long Disputed { get; init; }

    /// <summary>Subtotals of the redeeming stores' companies, by side, then id.</summary>
    public ImmutableArray<EntitySum> Entities { get; init => field = value.IsDefault ? [] : value; } = [];

    public long Net => Redeemed - Reversed + Fees + Tax;

    public long Closing => Opening + Net - Paid;

    public static PeriodTotals Begin(LocalDate startsOn, long opening, string hash) =>
        new(startsOn, opening, 0, 0, default, default, default, default, 0, hash, hash);

    public long FundedBy(Side side) => side == Side.First ? FirstFunded : SecondFunded;

    /// <param name="moved">What the entry adds to what the first side is owed.</param>
    /// <param name="redeemer">Whose company the line names; null where no coupon was redeemed.</param>
    public PeriodTotals With(ClearingLine line, StatementSum sum, long moved, Side? redeemer)
    {
        var next = sum switch
        {
            StatementSum.None => this,
            StatementSum.Redeemed => this with { Redeemed = Redeemed + moved },
            StatementSum.Reversed => this with { Reversed = Reversed - moved },
            StatementSum.Fees => this with { Fees = Fees + moved },
            StatementSum.Tax => this with { Tax = Tax + moved },
            StatementSum.Paid => this with { Paid = Paid - moved },
            _ => throw new InvalidOperationException($"A statement has no sum {sum}."),
        };
        return next with
        {
            Lines = Lines + 1,
            LinesHash = line.HashAfter(LinesHash),
            Entities = redeemer is { } side && sum is StatementSum.Redeemed or StatementSum.Reversed
                ? EntitySum.Added(Entities, redeemer.Value, line.EntityId, sum, moved)
                : Entities,
        };
    }

    /// <summary>The statement's one form, documented at GetStatementResponse.statement_hash.</summary>
    public string Text(string agreementId, string currency) => string.Create(
        CultureInfo.InvariantCulture,
        $"statement/1|{ClearingLine.Escaped(agreementId)}|{StartsOn:uuuu-MM}|{currency}|{Opening}|{Redeemed}|{Reversed}|{Fees}|{Tax}|{Paid}|{Closing}|{Lines}|{string.Join(';', Entities)}|{PreviousHash}|{LinesHash}");

    /// <summary>Final once the month is over; the next statement's previous hash.</summary>
    public string StatementHash(string agreementId, string currency) =>
        ClearingLine.Hash(Text(agreementId, currency));
}

/// <summary>A count of coupons and what they were issued for.</summary>
public readonly record struct Memo(long Count, long MinorUnits)
{
    public static Memo operator +(Memo left, Memo right) =>
        new(left.Count + right.Count, left.MinorUnits + right.MinorUnits);
}
