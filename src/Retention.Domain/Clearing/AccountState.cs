using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>
/// The clearing account of one agreement. Coupons expire and months close by the day alone: folding a fact first
/// moves the account to the fact's day, and a read moves it to the day of asking.
/// </summary>
public sealed record AccountState
{
    /// <summary>Ten years. Older months are in the journal.</summary>
    public const int ClosedMax = 120;

    public static readonly AccountState Initial = new();

    public string AgreementId { get; init => field = value ?? ""; } = "";

    public string Currency { get; init; } = "";

    /// <summary>What the second side owes the first; negative: the other way round.</summary>
    public long FirstNet { get; init; }

    /// <summary>Kept apart from the first, by its own postings: their sum is zero, or the books are broken.</summary>
    public long SecondNet { get; init; }

    /// <summary>What the first side will be owed when the sales arrive that redemptions wait for.</summary>
    public long FirstProvisional { get; init; }

    public long SecondProvisional { get; init; }

    /// <summary>Redemptions that wait for their sale, by the moment to which they do.</summary>
    public ImmutableArray<PendingEntry> Pending { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Payments that the payee has not confirmed, in the order of their recording.</summary>
    public ImmutableArray<OpenSettlement> Settlements { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Open disputes, in the order of their opening.</summary>
    public ImmutableArray<ContestedEntry> Disputes { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>The first day of the last month that a period's fee was charged for; its default: none.</summary>
    public LocalDate PeriodFeeOf { get; init; }

    /// <summary>The last valid day of all coupons ever issued; its default: none was.</summary>
    public LocalDate HonorsTo { get; init; }

    /// <summary>The last day of a redemption, for each version of the terms.</summary>
    public ImmutableArray<LastRedemption> LastRedeemed { get; init => field = value.IsDefault ? [] : value; } = [];

    public LegCounts First { get; init; } = LegCounts.Initial;

    public LegCounts Second { get; init; } = LegCounts.Initial;

    /// <summary>Clearing entries so far; the number of the last.</summary>
    public long Lines { get; init; }

    /// <summary>Facts so far: every so many of them leave a mark.</summary>
    public long FactCount { get; init; }

    /// <summary>The running month; null before the account is opened.</summary>
    public PeriodTotals? Period { get; init; }

    /// <summary>Months before, ascending.</summary>
    public ImmutableArray<PeriodTotals> Closed { get; init; } = [];

    public Instant LastAt { get; init; } = Instant.MinValue;

    public LegCounts LegOf(string legId) => legId == Leg.First ? First : Second;

    /// <summary>What a side has in open disputes: positive, it would lose it; negative, it would get it back.</summary>
    public long DisputedOf(Side side)
    {
        var disputed = Disputes.Sum(open => open.FirstMinorUnits);
        return side == Side.First ? disputed : -disputed;
    }

    /// <summary>What a side owes, will owe for redemptions without their sale, and may come to owe for open coupons.</summary>
    public long ExposureOf(Side side)
    {
        var issues = LegOf(side == Side.First ? Leg.First : Leg.Second);
        return -(side == Side.First ? FirstNet : SecondNet) + issues.Provisional + issues.Reserved;
    }

    /// <summary>Whether so much of the limit, or of what the side paid in advance, is used that its brand should look.</summary>
    public bool IsAlerting(Side side, CreditTerms credit)
    {
        var exposure = ExposureOf(side);
        if (!credit.IsPrepaid())
        {
            return (Int128)exposure * AgreementTerms.WholeBps >= (Int128)credit.LimitMinorUnits * credit.AlertFrom();
        }

        // Of the deposit the used part is what provisional and open coupons take of it.
        var deposit = side == Side.First ? FirstNet : SecondNet;
        return exposure >= 0
            || (Int128)(exposure + deposit) * AgreementTerms.WholeBps >= (Int128)deposit * credit.AlertFrom();
    }

    /// <summary>The account as it is on a day that is not before its last fact.</summary>
    public AccountState MovedTo(LocalDate day)
    {
        var state = this;
        while (state.Period is { } period && EndOf(period) < day)
        {
            state = state.ExpiredTo(EndOf(period)).NextPeriod();
        }

        return state.ExpiredTo(day);
    }

    public AccountState Evolve(AccountFact fact)
    {
        var state = fact is AccountOpened opened
            ? this with
            {
                AgreementId = opened.AgreementId ?? "",
                Currency = opened.Currency,
                Period = PeriodTotals.Begin(MonthOf(fact.On), 0, ClearingLine.FirstHash),
            }
            : MovedTo(fact.On).Applied(fact);
        return state with { LastAt = Instant.Max(LastAt, fact.At), FactCount = FactCount + 1 };
    }

    public static LocalDate MonthOf(LocalDate day) => new(day.Year, day.Month, 1);

    private AccountState Applied(AccountFact fact) => fact switch
    {
        IssueCounted issued => OnLeg(issued.LegId, leg => leg.Opened(
            issued.EndsOn, issued.DiscountMinorUnits, issued.ReservedMinorUnits) with
        {
            Issued = leg.Issued + 1,
        }).WithIssued(issued),
        IssueSuppressed suppressed => OnLeg(suppressed.LegId, leg => leg.WithSuppressed(suppressed.Reason)),
        VoidCounted voided => OnLeg(voided.LegId, leg => leg.Closed(
            voided.EndsOn, voided.DiscountMinorUnits, voided.ReservedMinorUnits) with
        {
            Voided = leg.Voided + 1,
        }),
        RedemptionCleared redeemed => Consumed(
            redeemed, redeemed.EndsOn, redeemed.FaceMinorUnits, redeemed.ReservedMinorUnits)
            .LastRedeemedBy(redeemed).Posted(redeemed),
        RedemptionPending pending => Consumed(
            pending, pending.EndsOn, pending.FaceMinorUnits, pending.ReservedMinorUnits)
            .LastRedeemedBy(pending).Posted(pending).Awaiting(pending),
        ReversalCleared reversed => Reversed(reversed).Posted(reversed).LessDisputed(reversed),
        ClawBackCleared clawed => OnLeg(clawed.LegId, leg => leg with { ClawedBack = leg.ClawedBack + 1 })
            .Posted(clawed).LessDisputed(clawed),
        SettlementRecorded recorded => this with { Settlements = Settlements.Add(recorded.Settlement) },
        SettlementConfirmed settled => Posted(settled) with
        {
            Settlements = Settlements.RemoveAll(open => open.SettlementId == settled.SettlementId),
        },
        DisputeOpened opened => Posted(opened) with { Disputes = Disputes.Add(Contested(opened)) },
        DisputeResolved resolved => Resolved(resolved),
        SaleReturnCleared returned => Posted(returned).LessDisputed(returned),
        EntryFact entry => Posted(entry),
        _ => throw new InvalidOperationException($"An account knows no {fact.GetType().Name}."),
    };

    private static ContestedEntry Contested(DisputeOpened opened) => new(
        opened.DisputeId,
        opened.DisputedNumber,
        opened.LegId,
        opened.CouponId,
        opened.Redemption,
        opened.TermsVersion,
        opened.By,
        opened.FirstMinorUnits,
        opened.Reason,
        opened.At,
        opened.AnswerBy,
        opened.EntityId);

    // What is taken back of a redemption anyway is disputed no more.
    private AccountState LessDisputed(EntryFact back) => Disputes.IsEmpty ? this : this with
    {
        Disputes =
        [
            .. Disputes.Select(open => open.Redemption.Length > 0 && open.Redemption == back.Redemption ? open.After(back) : open),
        ],
    };

    private AccountState Resolved(DisputeResolved resolved)
    {
        var contested = Disputes.FirstOrDefault(open => open.DisputeId == resolved.DisputeId);
        var isGivenBack = contested is { IsOfClawBack: true } && resolved.FirstCredit(Book.Net) != 0;
        var state = Posted(resolved) with { Disputes = Disputes.RemoveAll(open => open.DisputeId == resolved.DisputeId) };
        return isGivenBack
            ? state.OnLeg(resolved.LegId, leg => leg with { ClawedBack = leg.ClawedBack - 1 })
            : state;
    }

    // A till without the network may have used it before its last day was over: then it did not expire.
    private AccountState Consumed(EntryFact fact, LocalDate endsOn, long face, long reserved) => fact.On <= endsOn
        ? OnLeg(fact.LegId, leg => leg.Closed(endsOn, face, reserved) with { Consumed = leg.Consumed + 1 })
        : OnLeg(fact.LegId, leg => leg with { Expired = leg.Expired - 1, Consumed = leg.Consumed + 1 })
            .WithExpired(fact.LegId, new Memo(-1, -face));

    // Where nothing was left to take back because it had been clawed back, the coupon is consumed no longer.
    private AccountState Reversed(ReversalCleared fact)
    {
        var state = OnLeg(fact.LegId, leg => leg with
        {
            Consumed = leg.Consumed - 1,
            ClawedBack = fact.Number == 0 && !fact.WasUnconfirmed ? leg.ClawedBack - 1 : leg.ClawedBack,
        });
        if (!fact.Reopens) return state.OnLeg(fact.LegId, leg => leg with { Voided = leg.Voided + 1 });
        return state
            .OnLeg(fact.LegId, leg => leg.Opened(fact.EndsOn, fact.FaceMinorUnits, fact.ReservedMinorUnits))
            .ExpiredTo(fact.On);
    }

    private AccountState Posted(EntryFact fact)
    {
        if (fact.Number == 0) return this;
        if (fact.Number != Lines + 1)
        {
            throw new InvalidOperationException($"Clearing entry {fact.Number} follows entry {Lines}.");
        }

        var (first, second) = Sums(fact.Postings, Book.Net);
        var (firstLater, secondLater) = Sums(fact.Postings, Book.Provisional);
        var period = Period ?? throw new InvalidOperationException("The account is not open.");
        return OnLegOf(fact, first, firstLater) with
        {
            FirstNet = FirstNet + first,
            SecondNet = SecondNet + second,
            FirstProvisional = FirstProvisional + firstLater,
            SecondProvisional = SecondProvisional + secondLater,
            Pending = fact is RedemptionConfirmed or RedemptionUnconfirmed or ReversalCleared or ClawBackCleared
                ? Without(fact.Redemption)
                : Pending,
            Lines = fact.Number,
            PeriodFeeOf = fact is FeeCleared { Trigger: FeeTrigger.Period } ? MonthOf(fact.On) : PeriodFeeOf,
            Period = period.With(
                ClearingLine.Of(Currency, fact), ClearingKind.Of(fact).Sum, first, Leg.RedeemerOf(fact.LegId)) with
            {
                TaxIncluded = period.TaxIncluded + fact.TaxIncludedMinorUnits,
            },
        };
    }

    // Fees and payments are not the coupons'.
    private AccountState OnLegOf(EntryFact fact, long first, long firstLater)
    {
        if (fact.LegId.Length == 0) return this;
        var ofCoupons = ClearingKind.Of(fact).Sum is StatementSum.Redeemed or StatementSum.Reversed;
        var sign = fact.LegId == Leg.First ? 1 : -1;
        return OnLeg(fact.LegId, leg => leg with
        {
            Net = leg.Net - (ofCoupons ? sign * first : 0),
            Provisional = leg.Provisional - sign * firstLater,
        });
    }

    private static (long First, long Second) Sums(ImmutableArray<Posting> postings, Book book)
    {
        var (first, second) = (0L, 0L);
        foreach (var posting in postings)
        {
            if (posting.Book != book) continue;
            if (posting.Side == Side.First) first += posting.MinorUnits;
            else second += posting.MinorUnits;
        }

        return (first, second);
    }

    // Nearly always the last: terms change how long a sale is waited for, else moments only grow.
    private AccountState Awaiting(RedemptionPending fact)
    {
        var at = Pending.Length;
        while (at > 0 && Pending[at - 1].DueAt > fact.ConfirmBy)
        {
            at--;
        }

        return this with
        {
            Pending = Pending.Insert(at, new PendingEntry(
                fact.Redemption,
                fact.LegId,
                fact.CouponId,
                fact.TermsVersion,
                fact.FirstCredit(Book.Provisional),
                fact.ConfirmBy,
                fact.EntityId)),
        };
    }

    private ImmutableArray<PendingEntry> Without(string redemption)
    {
        for (var index = 0; index < Pending.Length; index++)
        {
            if (Pending[index].Redemption == redemption) return Pending.RemoveAt(index);
        }

        return Pending;
    }

    private AccountState ExpiredTo(LocalDate day) =>
        ExpiredTo(Leg.First, day).ExpiredTo(Leg.Second, day);

    private AccountState ExpiredTo(string legId, LocalDate day)
    {
        var leg = LegOf(legId);
        var over = default(Memo);
        var count = 0;
        while (count < leg.OpenDays.Length && leg.OpenDays[count].EndsOn < day)
        {
            over += new Memo(leg.OpenDays[count].Count, leg.OpenDays[count].MinorUnits);
            count++;
        }

        return count == 0 ? this : OnLeg(legId, counts => counts with
        {
            OpenDays = counts.OpenDays.RemoveRange(0, count),
            Expired = counts.Expired + over.Count,
        }).WithExpired(legId, over);
    }

    private AccountState NextPeriod()
    {
        var period = Period ?? throw new InvalidOperationException("The account is not open.");
        var closed = Closed.Add(period with { Provisional = FirstProvisional, Disputed = DisputedOf(Side.First) });
        return this with
        {
            Closed = closed.Length > ClosedMax ? closed.RemoveAt(0) : closed,
            Period = PeriodTotals.Begin(period.StartsOn.PlusMonths(1), period.Closing, period.StatementHash(AgreementId, Currency)),
        };
    }

    private AccountState LastRedeemedBy(EntryFact fact)
    {
        for (var index = 0; index < LastRedeemed.Length; index++)
        {
            if (LastRedeemed[index].TermsVersion != fact.TermsVersion) continue;
            return LastRedeemed[index].On >= fact.On
                ? this
                : this with { LastRedeemed = LastRedeemed.SetItem(index, new LastRedemption(fact.TermsVersion, fact.On)) };
        }

        return this with { LastRedeemed = LastRedeemed.Add(new LastRedemption(fact.TermsVersion, fact.On)) };
    }

    private AccountState WithIssued(IssueCounted issued)
    {
        var memo = new Memo(1, issued.DiscountMinorUnits);
        var (issuer, redeemer) = (issued.IssuerShareMinorUnits, issued.DiscountMinorUnits - issued.IssuerShareMinorUnits);
        var period = Period ?? throw new InvalidOperationException("The account is not open.");
        return this with
        {
            HonorsTo = LocalDate.Max(HonorsTo, issued.EndsOn),
            Period = issued.LegId == Leg.First
                ? period with
                {
                    FirstIssued = period.FirstIssued + memo,
                    FirstFunded = period.FirstFunded + issuer,
                    SecondFunded = period.SecondFunded + redeemer,
                }
                : period with
                {
                    SecondIssued = period.SecondIssued + memo,
                    FirstFunded = period.FirstFunded + redeemer,
                    SecondFunded = period.SecondFunded + issuer,
                },
        };
    }

    private AccountState WithExpired(string legId, Memo memo) => this with
    {
        Period = legId == Leg.First
            ? Period! with { FirstExpired = Period.FirstExpired + memo }
            : Period! with { SecondExpired = Period.SecondExpired + memo },
    };

    private AccountState OnLeg(string legId, Func<LegCounts, LegCounts> change) => legId == Leg.First
        ? this with { First = change(First) }
        : this with { Second = change(Second) };

    private static LocalDate EndOf(PeriodTotals period) => period.StartsOn.PlusMonths(1).PlusDays(-1);
}

public readonly record struct LastRedemption(int TermsVersion, LocalDate On);

/// <summary>A redemption that waits for its sale.</summary>
/// <param name="FirstMinorUnits">What the first side is provisionally credited with; the second with the opposite.</param>
/// <param name="DueAt">Exclusive: at this moment it is taken back.</param>
public sealed record PendingEntry(
    string Redemption,
    string LegId,
    string CouponId,
    int TermsVersion,
    long FirstMinorUnits,
    Instant DueAt,
    string? EntityId);
