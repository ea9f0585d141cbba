using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Clearing;

/// <param name="DisputeId">Named after the request.</param>
/// <param name="Entry">As it lies in the journal; entries never change.</param>
public sealed record OpenDispute(string DisputeId, EntryFact Entry, string Reason, string Evidence);

/// <param name="Outcome">Accepted and rejected are the other side's to say, withdrawn is the opening side's.</param>
/// <param name="MinorUnits">With acceptance: how much of what is disputed; null: all of it.</param>
public sealed record ResolveDispute(string DisputeId, DisputeOutcome Outcome, string Answer, long? MinorUnits = null);

/// <summary>An entry that is contested.</summary>
/// <param name="FirstMinorUnits">What the first side would be credited with less if the entry were taken back.</param>
/// <param name="AnswerBy">Exclusive: from this moment on the entry stands.</param>
public sealed record ContestedEntry(
    string DisputeId,
    long Number,
    string LegId,
    string CouponId,
    string Redemption,
    int TermsVersion,
    Side By,
    long FirstMinorUnits,
    string Reason,
    Instant OpenedAt,
    Instant AnswerBy,
    string? EntityId)
{
    /// <summary>Of the contested entry.</summary>
    public ExchangeRate? Rate { get; init; }

    /// <summary>Whether the redeeming brand contests that a redemption's credit was clawed back from it.</summary>
    public bool IsOfClawBack => Redemption.Length > 0 && By == Leg.RedeemerOf(LegId);

    /// <summary>Less what another entry of the redemption took back meanwhile; never the other way round.</summary>
    public ContestedEntry After(EntryFact back)
    {
        // A reversed redemption leaves nothing to contest, and what is clawed back is touched by nothing else.
        if (back is ReversalCleared) return this with { FirstMinorUnits = 0 };
        if (IsOfClawBack) return this;
        var rest = FirstMinorUnits + back.FirstCredit(Book.Net);
        return this with { FirstMinorUnits = By == Side.First ? Math.Min(0, rest) : Math.Max(0, rest) };
    }
}

/// <param name="Outcome">Null: open.</param>
/// <param name="Accepted">What the outcome moves, beside fee and tax; not negative.</param>
public sealed record DisputeView(
    AgreementState Agreement, ContestedEntry Entry, DisputeOutcome? Outcome, Instant At, long Accepted = 0);

/// <summary>
/// Contested entries. The side that an entry debits opens the dispute; the outcome is an entry of its own, never an
/// edit. What is taken back for other reasons meanwhile is disputed no more.
/// </summary>
public static class DisputeTurns
{
    public const int OpenMax = 200;

    public static Decision Open(ITurn turn, Asker asker, string agreementId, OpenDispute command)
    {
        var entry = command.Entry;
        var found = entry.Redemption.Length == 0
            ? null
            : JointDesk.Of(turn, PartitionId.Agreement(agreementId), entry.Redemption, asker.Now);
        var books = AccountBooks.Open(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (books.Own.Count == 0) return AgreementTurns.Unknown(agreementId);

        var amount = found is null ? Billed(entry) : Standing(found, entry);
        var by = amount < 0 ? Side.First : Side.Second;
        if (amount == 0) return Because(RefusalReason.DisputeNotAllowed, ("entry_number", entry.Number));
        if (!books.Own.Contains(by)) return Because(RefusalReason.NotAParty);

        if (AgreementClosing.IsClosed(books.Agreement, books.Pen.State, books.Pen.Now))
        {
            return AgreementClosing.Refusal(books.Agreement, books.Pen.State);
        }

        var terms = books.Agreement.TermsOf(entry.TermsVersion);
        var lastDay = entry.On.PlusDays(terms.DisputeWindow());
        if (books.Pen.Today > lastDay) return Because(RefusalReason.TooLate, ("last_day", lastDay.ToString("uuuu-MM-dd", null)));
        if (books.Pen.State.Disputes.Length >= OpenMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "open_disputes"), ("maximum", OpenMax));
        }

        var answerBy = books.Agreement.Zone
            .AtStartOfDay(books.Pen.Today.PlusDays(terms.DisputeAnswerWindow() + 1)).ToInstant();
        books.Pen.Post(new DisputeOpened(
            command.DisputeId, entry.Number, by, amount, command.Reason, command.Evidence, answerBy)
        {
            LegId = entry.LegId,
            CouponId = entry.CouponId,
            Redemption = entry.Redemption,
            TermsVersion = entry.TermsVersion,
            EntityId = entry.EntityId,
            Rate = entry.Rate,
        });
        var contested = books.Pen.State.Disputes[^1];
        return books.Pen.Into(Decision.With(new DisputeView(books.Agreement, contested, null, books.Pen.Now)));
    }

    public static Decision Resolve(ITurn turn, Asker asker, string agreementId, ResolveDispute command)
    {
        var books = AccountBooks.Open(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (books.Own.Count == 0) return AgreementTurns.Unknown(agreementId);
        if (books.Pen.State.Disputes.FirstOrDefault(open => open.DisputeId == command.DisputeId) is not { } contested)
        {
            return Because(RefusalReason.DisputeNotFound, ("dispute_id", command.DisputeId));
        }

        var answers = command.Outcome == DisputeOutcome.Withdrawn ? contested.By : Billing.Other(contested.By);
        if (!books.Own.Contains(answers)) return Because(RefusalReason.NotAParty);

        var disputed = Math.Abs(contested.FirstMinorUnits);
        var accepted = command.Outcome == DisputeOutcome.Accepted ? command.MinorUnits ?? disputed : 0;
        if (accepted > disputed) return AgreementRules.Invalid("amount", "at_most_the_disputed");

        var view = new DisputeView(books.Agreement, contested, command.Outcome, books.Pen.Now, accepted);
        var entry = Resolution(contested, command.Outcome, command.Answer);

        // Also when all of it went back meanwhile: the outcome has nothing left to move.
        if (accepted == 0)
        {
            books.Pen.Post(entry);
            return books.Pen.Into(Decision.With(view));
        }

        if (contested.Redemption.Length == 0)
        {
            var terms = books.Agreement.TermsOf(contested.TermsVersion);
            Billing.Post(books.Pen, terms, entry, Billing.Other(contested.By), disputed, disputed - accepted);
            return books.Pen.Into(Decision.With(view));
        }

        var desk = JointDesk.Of(turn, PartitionId.Agreement(agreementId), contested.Redemption, asker.Now);
        if (!turn.IsComplete || desk is null) return Decision.Silent();

        return Moved(desk, contested, entry, accepted, Decision.With(view));
    }

    private static Decision Moved(
        JointDesk desk, ContestedEntry contested, EntryFact entry, long accepted, Decision decision)
    {
        JointCouponFact fact;
        if (contested.IsOfClawBack)
        {
            JointEntries.GiveBack(desk, entry, accepted);
            fact = new JointCreditGivenBack(contested.Redemption, accepted) { At = desk.Now };
        }
        else
        {
            JointEntries.TakeBack(desk, entry, accepted);
            fact = new JointCreditTakenBack(contested.Redemption, accepted) { At = desk.Now, ByDispute = true };
        }

        return desk.Pen.Into(decision.Change(desk.CouponGrain, fact));
    }

    public static DisputeResolved Resolution(ContestedEntry contested, DisputeOutcome outcome, string answer) =>
        new(contested.DisputeId, contested.Number, outcome, answer)
        {
            LegId = contested.LegId,
            CouponId = contested.CouponId,
            Redemption = contested.Redemption,
            TermsVersion = contested.TermsVersion,
            EntityId = contested.EntityId,
            Rate = contested.Rate,
        };

    // Fees of issues and months stand alone; a redemption's fee is disputed with the redemption.
    private static long Billed(EntryFact entry) => entry is FeeCleared ? entry.FirstCredit(Book.Net) : 0;

    private static long Standing(JointDesk desk, EntryFact entry)
    {
        if (desk.Coupon.RedemptionId != entry.Redemption) return 0;
        if (entry is ClawBackCleared) return desk.Coupon.IsClawedBack ? entry.FirstCredit(Book.Net) : 0;
        if (entry is not (RedemptionCleared or RedemptionConfirmed)) return 0;
        if (desk.Coupon.StandingAt(desk.Now) is not { Book: Book.Net } standing) return 0;
        return desk.FoundLeg.Redeemer == Side.First ? standing.MinorUnits : -standing.MinorUnits;
    }
}
