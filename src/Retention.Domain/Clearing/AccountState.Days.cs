using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>What days and months do to an account.</summary>
public sealed partial record AccountState
{
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
