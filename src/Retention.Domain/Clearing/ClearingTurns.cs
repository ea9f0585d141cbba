using NodaTime;
using Retention.Domain.Agreements;
using Retention.Kernel;

namespace Retention.Domain.Clearing;

/// <summary>An account as one party sees it at one moment.</summary>
/// <param name="Account">Moved to the day of the asking.</param>
/// <param name="Own">The party's sides: one, or both where one tenant has both brands.</param>
public sealed record AccountView(AgreementState Agreement, AccountState Account, IReadOnlyList<Side> Own, Instant At)
{
    /// <summary>What fell due since the account's last fact and is not stored yet, in order.</summary>
    public IReadOnlyList<AccountFact> Due { get; init; } = [];

    /// <summary>Nothing but a payment can be added: the account is as of the moment from which that is so.</summary>
    public bool IsClosed { get; init; }

    /// <summary>The first day of the month of the asking.</summary>
    public LocalDate AskedIn { get; init; }

    /// <summary>Nothing can be added to the running month: nothing is left to be paid, or its days are over.</summary>
    public bool IsMonthClosed => IsClosed && (Account.FirstNet == 0 || Account.Period?.StartsOn < AskedIn);

    /// <summary>The side whose eyes signs are seen with.</summary>
    public Side Eyes => Own[0];

    public LegView LegOf(Leg leg)
    {
        var counts = Account.LegOf(leg.LegId);
        return new LegView(leg, counts, !Own.Contains(leg.Issuer) && IsSmall(counts));
    }

    // One hidden count could be told from the others, so that all of a leg are hidden together.
    private bool IsSmall(LegCounts counts) =>
        IsSmall(counts.Issued) || IsSmall(counts.Expired) || IsSmall(counts.Open) || IsSmall(counts.Voided);

    private bool IsSmall(long count) => count > 0 && count < Agreement.SuppressUnder;
}

/// <param name="IsHidden">Whether only what the clearing entries tell anyway may be shown.</param>
public sealed record LegView(Leg Leg, LegCounts Counts, bool IsHidden);

/// <param name="IsClosed">Whether the month is over; a running month is as of now.</param>
/// <param name="IsFinal">The agreement is closed, and no statement follows.</param>
public sealed record StatementView(AccountView View, PeriodTotals Period, bool IsClosed, bool IsFinal);

/// <summary>Reads of a clearing account by its parties.</summary>
public static class ClearingTurns
{
    public static Decision Get(ITurn turn, Asker asker, string agreementId)
    {
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(agreementId));
        var account = turn.State<AccountState>(AgreementGrains.AccountId(agreementId));
        if (!turn.IsComplete) return Decision.Silent();

        var sides = AgreementTurns.SidesOf(agreement, asker);
        if (sides.Count == 0) return AgreementTurns.Unknown(agreementId);

        var now = Instant.Max(asker.Now, Instant.Max(agreement.LastAt, account.LastAt));
        var due = new List<AccountFact>();
        var moved = account.Until(agreement, now, due);
        var closed = AgreementClosing.ClosesAt(agreement, moved) is { } closes && closes <= now ? closes : (Instant?)null;
        return Decision.With(new AccountView(agreement, moved, sides, closed ?? now)
        {
            Due = due,
            IsClosed = closed is not null,
            AskedIn = agreement.Exists ? AccountState.MonthOf(now.InZone(agreement.Zone).Date) : default,
        });
    }

    /// <param name="month">Its first day.</param>
    public static Decision Statement(ITurn turn, Asker asker, string agreementId, LocalDate month)
    {
        var read = Get(turn, asker, agreementId);
        if (read.Reply is not AccountView view) return read;
        if (view.Account.Period is { } running && running.StartsOn == month)
        {
            return Decision.With(new StatementView(view, running, view.IsMonthClosed, view.IsClosed));
        }

        foreach (var closed in view.Account.Closed)
        {
            if (closed.StartsOn == month) return Decision.With(new StatementView(view, closed, true, false));
        }

        return Refusal.Because(RefusalReason.PeriodNotFound, ("period", $"{month:uuuu-MM}"));
    }
}
