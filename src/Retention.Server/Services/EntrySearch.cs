using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Services;

/// <summary>
/// Finds a clearing entry by its number: the first mark behind it by halving, then back from there. Journals older than
/// marks are walked from the first mark, or from their end.
/// </summary>
internal sealed class EntrySearch(IJournal journal, string agreementId, AccountState account)
{
    private readonly GrainId grain = AgreementGrains.AccountId(agreementId);

    /// <summary>Null: the account has no such entry.</summary>
    public async ValueTask<EntryFact?> FindAsync(long number, CancellationToken stop)
    {
        if (number > account.Lines) return null;
        var marked = await MarkBehindAsync(number, stop);
        if (marked is not null && Find(marked, number) is { } here) return here;

        for (var before = marked?.Position ?? long.MaxValue; ;)
        {
            var commits = await journal.HistoryAsync(grain, before, AccountMark.Every, stop);
            foreach (var commit in commits)
            {
                if (Find(commit, number) is { } found) return found;
                before = commit.Position;
            }

            if (commits.Count < AccountMark.Every) return null;
        }
    }

    // Marks that were never written are older than those that were.
    private async ValueTask<JournalRecord?> MarkBehindAsync(long number, CancellationToken stop)
    {
        var (behind, low, high) = ((JournalRecord?)null, 1L, account.FactCount / AccountMark.Every);
        while (low <= high)
        {
            var middle = low + (high - low) / 2;
            var mark = AgreementGrains.MarkId(agreementId, middle);
            var commits = await journal.HistoryAsync(mark, long.MaxValue, 1, stop);
            if (commits.Count > 0 && NumberOf(commits[0], mark) >= number) (behind, high) = (commits[0], middle - 1);
            else low = middle + 1;
        }

        return behind;
    }

    private static long NumberOf(JournalRecord commit, GrainId mark) => commit.Writes
        .Where(write => write.Grain == mark)
        .SelectMany(write => write.Facts)
        .Select(fact => ((AccountMarked)AgreementGrains.Mark.DecodeFact(fact.Span)).Number)
        .Max();

    private EntryFact? Find(JournalRecord commit, long number) => commit.Writes
        .Where(write => write.Grain == grain)
        .SelectMany(write => write.Facts)
        .Select(fact => AgreementGrains.Account.DecodeFact(fact.Span))
        .OfType<EntryFact>()
        .FirstOrDefault(entry => entry.Number == number);
}
