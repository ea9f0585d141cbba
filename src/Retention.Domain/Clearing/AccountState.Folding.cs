using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>What each fact does to an account.</summary>
public sealed partial record AccountState
{
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
        RateRecorded recorded => this with
        {
            Rates = [.. Rates.Skip(Rates.Length + 1 - RatesMax), recorded.Rate],
        },
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
        opened.EntityId)
    { Rate = opened.Rate };

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
        var (firstCounter, secondCounter) = Sums(fact.Postings, Book.Counter);
        var (firstCounterLater, secondCounterLater) = Sums(fact.Postings, Book.CounterProvisional);
        var period = Period ?? throw new InvalidOperationException("The account is not open.");
        return OnLegOf(fact, first, firstLater) with
        {
            FirstNet = FirstNet + first,
            SecondNet = SecondNet + second,
            FirstProvisional = FirstProvisional + firstLater,
            SecondProvisional = SecondProvisional + secondLater,
            FirstCounter = FirstCounter + firstCounter,
            SecondCounter = SecondCounter + secondCounter,
            FirstCounterProvisional = FirstCounterProvisional + firstCounterLater,
            SecondCounterProvisional = SecondCounterProvisional + secondCounterLater,
            Pending = fact is RedemptionConfirmed or RedemptionUnconfirmed or ReversalCleared or ClawBackCleared
                ? Without(fact.Redemption)
                : fact is SaleReturnCleared && firstLater != 0 ? Less(fact, firstLater, firstCounterLater)
                : Pending,
            Lines = fact.Number,
            PeriodFeeOf = fact is FeeCleared { Trigger: FeeTrigger.Period } ? MonthOf(fact.On) : PeriodFeeOf,
            Period = period.With(
                ClearingLine.Of(Currency, fact), ClearingKind.Of(fact).Sum, first, Leg.RedeemerOf(fact.LegId)) with
            {
                TaxIncluded = period.TaxIncluded + fact.TaxIncludedMinorUnits,
                FirstCounter = period.FirstCounter + firstCounter,
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
                fact.EntityId)
            {
                FirstCounter = fact.FirstCredit(Book.CounterProvisional), Rate = fact.Rate,
            }),
        };
    }

    // A part of what waits was taken back before its sale arrived.
    private ImmutableArray<PendingEntry> Less(EntryFact back, long first, long firstCounter) =>
    [
        .. Pending.Select(one => one.Redemption != back.Redemption ? one : one with
        {
            FirstMinorUnits = one.FirstMinorUnits + first, FirstCounter = one.FirstCounter + firstCounter,
        }),
    ];

    private ImmutableArray<PendingEntry> Without(string redemption)
    {
        for (var index = 0; index < Pending.Length; index++)
        {
            if (Pending[index].Redemption == redemption) return Pending.RemoveAt(index);
        }

        return Pending;
    }
}
