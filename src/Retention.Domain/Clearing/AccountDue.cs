using NodaTime;
using Retention.Domain.Agreements;
using Retention.Kernel;

namespace Retention.Domain.Clearing;

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

    /// <summary>The next thing that is due, whenever that is; null: nothing waits.</summary>
    public static AccountFact? Next(AgreementState agreement, AccountState account) =>
        account.Pending.IsEmpty ? null : Unconfirmed(agreement, account, account.Pending[0]);

    /// <summary>The account as it is at a moment that is not before its last fact.</summary>
    /// <param name="fell">Takes in what fell due since that fact.</param>
    public static AccountState Until(
        this AccountState account, AgreementState agreement, Instant now, List<AccountFact>? fell = null)
    {
        while (Next(agreement, account) is { } due && due.At <= now)
        {
            account = account.Evolve(due);
            fell?.Add(due);
        }

        return agreement.Exists ? account.MovedTo(now.InZone(agreement.Zone).Date) : account;
    }

    /// <summary>The turn of the reminder: on a real clock the node's time is the agreement's.</summary>
    public static Decision Remind(ITurn turn, GrainId grain, string name, Instant dueAt)
    {
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(grain.Key));
        var account = turn.State<AccountState>(grain);
        if (!turn.IsComplete || !agreement.Exists || agreement.IsSandbox) return Decision.Silent();

        var decision = new AccountPen(agreement, account, grain, turn.Time).Into(Decision.Silent());
        var next = NextAt(agreement, account.Until(agreement, turn.Time));
        return next is null ? decision : decision.Remind(grain, Reminder, next);
    }

    private static RedemptionUnconfirmed Unconfirmed(AgreementState agreement, AccountState account, PendingEntry pending)
    {
        var at = Instant.Max(account.LastAt, pending.DueAt);
        return new RedemptionUnconfirmed
        {
            At = at,
            On = at.InZone(agreement.Zone).Date,
            Number = account.Lines + 1,
            LegId = pending.LegId,
            CouponId = pending.CouponId,
            Redemption = pending.Redemption,
            TermsVersion = pending.TermsVersion,
            EntityId = pending.EntityId,
            Postings =
            [
                new Posting(Side.First, -pending.FirstMinorUnits, Book.Provisional),
                new Posting(Side.Second, pending.FirstMinorUnits, Book.Provisional),
            ],
        };
    }
}
