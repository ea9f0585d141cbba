using NodaTime;
using Retention.Domain.Agreements;
using Retention.Kernel;

namespace Retention.Domain.Clearing;

/// <summary>
/// Writes to the clearing account within one turn: first what fell due by time, then what the turn says, each at the
/// turn's moment and each entry under the next number.
/// </summary>
public sealed class AccountPen
{
    private readonly GrainId grain;
    private readonly List<AccountFact> facts = [];
    private readonly Instant? dueBefore;
    private readonly long marksBefore;
    private AgreementState agreement;

    /// <param name="asked">The caller's moment; the turn's is never before the agreement's last.</param>
    public AccountPen(AgreementState agreement, AccountState account, GrainId grain, Instant asked)
    {
        (this.agreement, this.grain, State) = (agreement, grain, account);
        Now = Instant.Max(asked, Instant.Max(agreement.LastAt, account.LastAt));
        Today = agreement.Exists ? Now.InZone(agreement.Zone).Date : default;
        marksBefore = account.FactCount / AccountMark.Every;
        dueBefore = AccountDue.NextAt(agreement, account);
        WriteDue();
    }

    public Instant Now { get; }

    /// <summary>The day of Now in the agreement's zone.</summary>
    public LocalDate Today { get; }

    /// <summary>With all that was written so far.</summary>
    public AccountState State { get; private set; }

    /// <summary>From here on the agreement is as the turn leaves it: what that makes due at once is written.</summary>
    public AccountPen Under(AgreementState next)
    {
        agreement = next;
        WriteDue();
        return this;
    }

    public void Write(AccountFact fact) => Add(fact with { At = Now, On = Today });

    public void Post(EntryFact entry) => Write(entry with { Number = State.Lines + 1 });

    /// <summary>
    /// Adds to the decision what was written, with the marks that it passed, and wakes the account for what is due next.
    /// </summary>
    public Decision Into(Decision decision)
    {
        if (facts.Count > 0) decision.Change(grain, facts);
        for (var mark = marksBefore + 1; mark <= State.FactCount / AccountMark.Every; mark++)
        {
            decision.Change(AgreementGrains.MarkId(grain.Key, mark), new AccountMarked(State.Lines));
        }

        var due = AccountDue.NextAt(agreement, State);
        return agreement.IsSandbox || due == dueBefore ? decision : decision.Remind(grain, AccountDue.Reminder, due);
    }

    private void WriteDue()
    {
        while (AccountDue.Next(agreement, State) is { } due && due.At <= Now)
        {
            foreach (var fact in due.Facts)
            {
                Add(fact);
            }
        }
    }

    private void Add(AccountFact fact)
    {
        State = State.Evolve(fact);
        facts.Add(fact);
    }
}
