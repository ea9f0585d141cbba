using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>Clearing entries. The postings of each sum to zero, in each book.</summary>
public abstract record EntryFact : AccountFact
{
    /// <summary>1, 2, 3, ... without a gap; 0 for a reversal that has nothing left to take back: it is no entry.</summary>
    public long Number { get; init; }

    /// <summary>Empty: the entry concerns no leg.</summary>
    public string LegId { get; init; } = "";

    public string CouponId { get; init; } = "";

    public string Redemption { get; init; } = "";

    /// <summary>The version that the coupon was issued under; without a coupon, the version in force.</summary>
    public int TermsVersion { get; init; }

    /// <summary>The company whose store redeemed the coupon; null: the tenant itself, or nothing was redeemed.</summary>
    public string? EntityId { get; init; }

    public ImmutableArray<Posting> Postings { get; init; } = [];

    /// <summary>By which the entry counts in the counter currency; null: the account has none, or no rate was known.</summary>
    public ExchangeRate? Rate { get; init; }

    /// <summary>Memo: the tax that, by the terms, is contained in what the first side is credited with.</summary>
    public long TaxIncludedMinorUnits { get; init; }

    /// <summary>What the entry credits the first side with, in one book.</summary>
    public long FirstCredit(Book book)
    {
        var credit = 0L;
        foreach (var posting in Postings.IsDefault ? [] : Postings)
        {
            if (posting.Side == Side.First && posting.Book == book) credit += posting.MinorUnits;
        }

        return credit;
    }
}

/// <param name="DiscountMinorUnits">What the redeeming brand gave.</param>
/// <param name="FaceMinorUnits">What the coupon was issued for.</param>
public sealed record RedemptionCleared(LocalDate EndsOn, long DiscountMinorUnits, long FaceMinorUnits) : EntryFact
{
    /// <summary>What had been reserved for the open coupon.</summary>
    public long ReservedMinorUnits { get; init; }
}

/// <param name="Reopens">Whether the coupon is open again (or outdated, after its last day); else it is voided.</param>
public sealed record ReversalCleared(LocalDate EndsOn, long FaceMinorUnits, bool Reopens) : EntryFact
{
    /// <summary>What is reserved for the coupon again.</summary>
    public long ReservedMinorUnits { get; init; }

    /// <summary>Nothing was left to take back because no sale had arrived in time.</summary>
    public bool WasUnconfirmed { get; init; }
}

public sealed record ClawBackCleared : EntryFact;

/// <summary>A redemption whose sale has not arrived: posted in the provisional book.</summary>
/// <param name="ConfirmBy">Exclusive: at this moment it is taken back unless its sale has arrived.</param>
public sealed record RedemptionPending(
    LocalDate EndsOn, long DiscountMinorUnits, long FaceMinorUnits, Instant ConfirmBy) : EntryFact
{
    public long ReservedMinorUnits { get; init; }
}

/// <summary>The sale arrived: from the provisional book to the net one; a late one to the net book only.</summary>
/// <param name="IsLate">Its provisional entry had been taken back before.</param>
public sealed record RedemptionConfirmed(bool IsLate) : EntryFact;

/// <summary>No sale arrived in time: the provisional entry is taken back. The coupon stays used.</summary>
public sealed record RedemptionUnconfirmed : EntryFact;

/// <summary>A part of the sale that used the coupon came back: its share of the credit is taken back.</summary>
/// <param name="ReturnedMinorUnits">Of the sale so far; of a redemption that is reversed by lines: of its discount.</param>
/// <param name="SoldMinorUnits">The sale's total; the discount.</param>
public sealed record SaleReturnCleared(long ReturnedMinorUnits, long SoldMinorUnits) : EntryFact;

public sealed record FeeCleared(FeeTrigger Trigger) : EntryFact;

/// <summary>The fee of a redemption goes back with the redemption's credit, by the same share.</summary>
public sealed record FeeReversed : EntryFact;

/// <summary>Tax that the terms add to an entry of the same commit, or take back with it.</summary>
/// <param name="TaxedNumber">The entry.</param>
public sealed record TaxCleared(long TaxedNumber, int RateBps) : EntryFact;

/// <summary>The payer says that a payment was made. It is no entry until the payee confirms it.</summary>
public sealed record SettlementRecorded(OpenSettlement Settlement) : AccountFact;

/// <summary>The payee says that a payment has arrived.</summary>
/// <param name="Reference">The bank's, as the payer recorded it.</param>
public sealed record SettlementConfirmed(string SettlementId, Side Payer, LocalDate ValueOn, string Reference) : EntryFact;

/// <summary>An entry is contested. Posts nothing: until the outcome, the amount is shown as disputed.</summary>
/// <param name="DisputedNumber">The entry.</param>
/// <param name="FirstMinorUnits">What the first side was credited with by it.</param>
/// <param name="AnswerBy">Exclusive: from this moment on the entry stands.</param>
public sealed record DisputeOpened(
    string DisputeId,
    long DisputedNumber,
    Side By,
    long FirstMinorUnits,
    string Reason,
    string Evidence,
    Instant AnswerBy) : EntryFact;

/// <param name="Answer">Of the side that answered; empty: withdrawn, or by time.</param>
public sealed record DisputeResolved(string DisputeId, long DisputedNumber, DisputeOutcome Outcome, string Answer)
    : EntryFact;

/// <summary>One side of a double entry: positive is a credit, which the other side owes.</summary>
public readonly record struct Posting(Side Side, long MinorUnits, Book Book = Book.Net);

/// <summary>What a posting counts in.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Book>))]
public enum Book
{
    /// <summary>What is owed.</summary>
    Net,

    /// <summary>What will be owed when the sale arrives.</summary>
    Provisional,

    /// <summary>What is owed, as the side sees it that keeps its books in the counter currency.</summary>
    Counter,

    /// <summary>Likewise, of what will be owed.</summary>
    CounterProvisional,
}

/// <summary>What a fee is charged for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FeeTrigger>))]
public enum FeeTrigger
{
    Issue = 1,
    Redemption,
    Period,

    /// <summary>No fee that terms set: a conflict of a till without the network, which the terms lay on the issuer.</summary>
    OfflineLoss,
}

[JsonConverter(typeof(JsonStringEnumConverter<DisputeOutcome>))]
public enum DisputeOutcome
{
    /// <summary>The other side accepted: the entry is taken back.</summary>
    Accepted = 1,

    /// <summary>The other side rejected: the entry stands.</summary>
    Rejected,

    /// <summary>The opening side withdrew: the entry stands.</summary>
    Withdrawn,

    /// <summary>Nobody answered in time: the entry stands.</summary>
    StandsByTime,
}
