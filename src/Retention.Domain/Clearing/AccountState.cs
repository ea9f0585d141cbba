using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>
/// The clearing account of one agreement. Coupons expire and months close by the day alone: folding a fact first
/// moves the account to the fact's day, and a read moves it to the day of asking.
/// </summary>
public sealed partial record AccountState
{
    /// <summary>1: facts are counted, for marks.</summary>
    public const int Format = 1;

    /// <summary>Ten years. Older months are in the journal.</summary>
    public const int ClosedMax = 120;

    /// <summary>Many more than the days for which a rate may be recorded ahead.</summary>
    public const int RatesMax = 32;

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

    /// <summary>The last rates that were recorded, by their day; at most <see cref="RatesMax"/>.</summary>
    public ImmutableArray<ExchangeRate> Rates { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>What was posted in the counter currency, net and provisional: each pair sums to zero.</summary>
    public long FirstCounter { get; init; }

    public long SecondCounter { get; init; }

    public long FirstCounterProvisional { get; init; }

    public long SecondCounterProvisional { get; init; }

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

    /// <summary>The rate that holds on a day, if it is not older than so many days.</summary>
    public ExchangeRate? RateOn(LocalDate day, int days) =>
        LastRateOn(day) is { } rate && rate.On.PlusDays(days) >= day ? rate : null;

    /// <summary>The last rate up to a day, however old.</summary>
    public ExchangeRate? LastRateOn(LocalDate day)
    {
        for (var index = Rates.Length - 1; index >= 0; index--)
        {
            if (Rates[index].On <= day) return Rates[index];
        }

        return null;
    }

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
    string? EntityId)
{
    /// <summary>Likewise, in the counter currency.</summary>
    public long FirstCounter { get; init; }

    public ExchangeRate? Rate { get; init; }
}
