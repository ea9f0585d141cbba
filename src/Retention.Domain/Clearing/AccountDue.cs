using NodaTime;
using Retention.Domain.Agreements;
using Retention.Kernel;

namespace Retention.Domain.Clearing;

/// <summary>Facts that fall due together at one moment.</summary>
public sealed record DueFacts(Instant At, IReadOnlyList<AccountFact> Facts);

/// <summary>
/// What happens on an account by time alone, each at its exact moment. The next turn of the agreement stores it before
/// anything of its own, a read shows it as if that had been done, and on a real clock a reminder sees to it.
/// </summary>
public static class AccountDue
{
    public const string Reminder = "due";

    /// <summary>When the next thing is due; null: nothing waits.</summary>
    public static Instant? NextAt(AgreementState agreement, AccountState account) =>
        Next(agreement, account)?.At;

    /// <summary>The next that is due, whenever that is; null: nothing waits.</summary>
    public static DueFacts? Next(AgreementState agreement, AccountState account)
    {
        if (!agreement.Exists || account.Period is null) return null;

        var unconfirmed = account.Pending.IsEmpty ? (Instant?)null : Late(account, account.Pending[0].DueAt);
        var fee = PeriodFeeAt(agreement, account);
        if (Answer(account) is { } open
            && Late(account, open.AnswerBy) is var until
            && !(unconfirmed < until) && !(fee < until))
        {
            return new DueFacts(until, [Unanswered(agreement, account, open, until)]);
        }

        if (unconfirmed is { } wait && (fee is null || wait <= fee))
        {
            return new DueFacts(wait, [Unconfirmed(agreement, account, account.Pending[0], wait)]);
        }

        return fee is { } at ? new DueFacts(at, [.. PeriodFee(agreement, account, at)]) : null;
    }

    /// <summary>The account as it is at a moment that is not before its last fact.</summary>
    /// <param name="fell">Takes in what fell due since that fact.</param>
    public static AccountState Until(
        this AccountState account, AgreementState agreement, Instant now, List<AccountFact>? fell = null)
    {
        while (Next(agreement, account) is { } due && due.At <= now)
        {
            foreach (var fact in due.Facts)
            {
                account = account.Evolve(fact);
                fell?.Add(fact);
            }
        }

        if (!agreement.Exists) return account;
        return AgreementClosing.ClosesAt(agreement, account) is { } closed && closed < now
            ? account.MovedTo(closed.InZone(agreement.Zone).Date)
            : account.MovedTo(now.InZone(agreement.Zone).Date);
    }

    /// <summary>The turn of the reminder: on a real clock the node's time is the agreement's.</summary>
    public static Decision Remind(ITurn turn, GrainId grain, string name, Instant dueAt)
    {
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(grain.Key));
        var account = turn.State<AccountState>(grain);
        if (!turn.IsComplete || !agreement.Exists || agreement.IsSandbox) return Decision.Silent();

        var pen = new AccountPen(agreement, account, grain, turn.Time);
        var decision = pen.Into(Decision.Silent());
        return decision.Reminders.Count > 0 || NextAt(agreement, pen.State) is not { } next
            ? decision
            : decision.Remind(grain, Reminder, next);
    }

    // What should have happened before the last fact happens right after it.
    private static Instant Late(AccountState account, Instant due) => Instant.Max(account.LastAt, due);

    private static RedemptionUnconfirmed Unconfirmed(
        AgreementState agreement, AccountState account, PendingEntry pending, Instant at) => new()
        {
            At = at,
            On = at.InZone(agreement.Zone).Date,
            Number = account.Lines + 1,
            LegId = pending.LegId,
            CouponId = pending.CouponId,
            Redemption = pending.Redemption,
            TermsVersion = pending.TermsVersion,
            EntityId = pending.EntityId,
            Rate = pending.Rate,
            Postings = Billing.Credit(Side.First, -pending.FirstMinorUnits, Book.Provisional)
                .AddRange(Billing.InCounter(pending.Rate, Side.First, -pending.FirstCounter, Book.CounterProvisional)),
        };

    private static ContestedEntry? Answer(AccountState account) => account.Disputes.MinBy(open => open.AnswerBy);

    private static EntryFact Unanswered(AgreementState agreement, AccountState account, ContestedEntry open, Instant at) =>
        DisputeTurns.Resolution(open, DisputeOutcome.StandsByTime, "") with
        {
            At = at,
            On = at.InZone(agreement.Zone).Date,
            Number = account.Lines + 1,
        };

    // In advance: when the agreement begins, and when a month does while it lasts.
    private static Instant? PeriodFeeAt(AgreementState agreement, AccountState account)
    {
        if (agreement.Status == AgreementStatus.Proposed || agreement.Agreed.Fee(FeeTrigger.Period) is null) return null;

        var at = account.PeriodFeeOf == default
            ? agreement.ActiveSince
            : agreement.Zone.AtStartOfDay(account.PeriodFeeOf.PlusMonths(1)).ToInstant();
        return at < (agreement.EndAt ?? Instant.MaxValue) ? Late(account, at) : null;
    }

    private static IEnumerable<EntryFact> PeriodFee(AgreementState agreement, AccountState account, Instant at)
    {
        var terms = agreement.Agreed;
        var fee = terms.Fee(FeeTrigger.Period) ?? throw new InvalidOperationException("There is no fee of periods.");
        var entry = new FeeCleared(FeeTrigger.Period)
        {
            At = at,
            On = at.InZone(agreement.Zone).Date,
            TermsVersion = agreement.TermsVersion,
            Rate = account.LastRateOn(at.InZone(agreement.Zone).Date),
        };
        return Billing.Entries(
            terms, entry, account.Lines + 1, fee.IssuerPays ? Side.Second : Side.First, 0, fee.Of(0));
    }
}
