using NodaTime;
using Retention.Domain.Agreements;
using Retention.Kernel;

namespace Retention.Domain.Clearing;

/// <summary>
/// How an agreement ends: notice, then nothing but what was promised, then nothing at all. Each begins at a moment that
/// follows from the facts; no fact is stored for it.
/// </summary>
public static class AgreementClosing
{
    public const int NoticeDaysMax = 366;

    public static Refusal? Fault(AgreementTerms terms) => terms.NoticeDays is < 0 or > NoticeDaysMax
        ? AgreementRules.Invalid("terms.notice_days", "0_to_366")
        : null;

    /// <summary>Notice is for what issues: a proposal ends at once.</summary>
    public static AgreementEnded End(AgreementState agreement, Side side, Instant now)
    {
        var ended = new AgreementEnded(side) { At = now };
        var days = agreement.Status == AgreementStatus.Active ? agreement.Agreed.NoticeDays : 0;
        return days == 0 ? ended : ended with { EndsAt = After(agreement, now.InZone(agreement.Zone).Date.PlusDays(days)) };
    }

    /// <summary>
    /// The first moment at which nothing can follow from what was issued: after the end, the last coupon's last day,
    /// the last day of a claw-back, the end of every wait and dispute and the account's last fact. Exclusive. Null: no end was told.
    /// </summary>
    public static Instant? ClosesAt(AgreementState agreement, AccountState account)
    {
        if (agreement.EndAt is not { } at) return null;

        at = Instant.Max(at, account.LastAt);
        if (account.HonorsTo != default) at = Instant.Max(at, After(agreement, account.HonorsTo));
        foreach (var leg in (LegCounts[])[account.First, account.Second])
        {
            if (leg.OpenDays.Length > 0) at = Instant.Max(at, After(agreement, leg.OpenDays[^1].EndsOn));
        }

        foreach (var (version, on) in account.LastRedeemed)
        {
            var terms = agreement.TermsOf(version);
            if (!terms.MirrorsReturns) continue;
            at = Instant.Max(at, After(agreement, on.PlusDays(terms.ClawBackDaysOfEnding())));
        }

        foreach (var dispute in account.Disputes)
        {
            at = Instant.Max(at, dispute.AnswerBy);
        }

        return account.Pending.IsEmpty ? at : Instant.Max(at, account.Pending[^1].DueAt);
    }

    public static bool IsClosed(AgreementState agreement, AccountState account, Instant now) =>
        ClosesAt(agreement, account) <= now;

    public static Refusal Refusal(AgreementState agreement, AccountState account) =>
        Kernel.Refusal.Because(
            RefusalReason.AgreementClosed,
            ("close_time", ClosesAt(agreement, account) ?? throw new InvalidOperationException("No end was told.")));

    private static Instant After(AgreementState agreement, LocalDate day) =>
        agreement.Zone.AtStartOfDay(day.PlusDays(1)).ToInstant();
}
