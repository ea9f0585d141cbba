using NodaTime;
using Retention.Domain.Agreements;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Clearing;

/// <param name="SettlementId">Named after the request.</param>
/// <param name="Reference">The bank's.</param>
public sealed record RecordSettlement(
    string SettlementId, Party Payer, long AmountMinorUnits, string Currency, LocalDate ValueOn, string Reference);

/// <summary>A payment that the payer says was made and the payee has not confirmed yet.</summary>
public sealed record OpenSettlement(
    string SettlementId, Side Payer, long AmountMinorUnits, LocalDate ValueOn, string Reference, Instant RecordedAt);

/// <param name="IsConfirmed">Only then it counts.</param>
public sealed record SettlementView(AgreementState Agreement, OpenSettlement Settlement, bool IsConfirmed, Instant At);

/// <summary>
/// Payments between the brands, made outside. The payer records, the payee confirms, and only then it is an entry.
/// Paid in advance it is the deposit of a prepaid brand.
/// </summary>
public static class SettlementTurns
{
    public const int OpenMax = 100;

    public static Decision Record(ITurn turn, Asker asker, string agreementId, RecordSettlement command)
    {
        var books = AccountBooks.Open(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (books.Own.Count == 0) return AgreementTurns.Unknown(agreementId);
        if (books.SideOf(command.Payer) is not { } payer || !books.Own.Contains(payer))
        {
            return Because(RefusalReason.NotAParty);
        }

        if (command.Currency != books.Agreement.Agreed.Currency)
        {
            return Because(RefusalReason.CurrencyMismatch, ("currency_code", books.Agreement.Agreed.Currency));
        }

        if (books.Agreement.Agreed.Fx is not null && command.AmountMinorUnits > FxTerms.AmountMax)
        {
            return AgreementRules.Invalid("amount.minor_units", "at_most_1000000000_with_fx");
        }

        if (IsSettled(books)) return AgreementClosing.Refusal(books.Agreement, books.Pen.State);
        if (books.Pen.State.Settlements.Length >= OpenMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "unconfirmed_settlements"), ("maximum", OpenMax));
        }

        var settlement = new OpenSettlement(
            command.SettlementId, payer, command.AmountMinorUnits, command.ValueOn, command.Reference, books.Pen.Now);
        books.Pen.Write(new SettlementRecorded(settlement));
        return books.Pen.Into(Decision.With(new SettlementView(books.Agreement, settlement, false, books.Pen.Now)));
    }

    public static Decision Confirm(ITurn turn, Asker asker, string agreementId, string settlementId)
    {
        var books = AccountBooks.Open(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (books.Own.Count == 0) return AgreementTurns.Unknown(agreementId);
        if (books.Pen.State.Settlements.FirstOrDefault(open => open.SettlementId == settlementId) is not { } open)
        {
            return Because(RefusalReason.SettlementNotFound, ("settlement_id", settlementId));
        }

        if (!books.Own.Contains(Billing.Other(open.Payer))) return Because(RefusalReason.NotAParty);
        if (IsSettled(books)) return AgreementClosing.Refusal(books.Agreement, books.Pen.State);

        var rate = books.Pen.State.LastRateOn(books.Pen.Today);
        books.Pen.Post(new SettlementConfirmed(open.SettlementId, open.Payer, open.ValueOn, open.Reference)
        {
            TermsVersion = books.Agreement.TermsVersion,
            Rate = rate,
            Postings = Billing.Credit(open.Payer, open.AmountMinorUnits).AddRange(Billing.InCounter(
                rate,
                open.Payer,
                books.Agreement.Agreed.Fx?.ToCounter(rate, open.Payer, open.AmountMinorUnits) ?? 0)),
        });
        return books.Pen.Into(Decision.With(new SettlementView(books.Agreement, open, true, books.Pen.Now)));
    }

    // What a closed agreement left owing may still be paid; then its last statement is closed for ever.
    private static bool IsSettled(AccountBooks books) => books.Pen.State.FirstNet == 0
        && AgreementClosing.IsClosed(books.Agreement, books.Pen.State, books.Pen.Now);
}

/// <summary>An agreement's account as a turn of one of its parties sees and writes it.</summary>
/// <param name="Own">The asker's sides; empty: it is no party.</param>
public sealed record AccountBooks(AgreementState Agreement, IReadOnlyList<Side> Own, AccountPen Pen)
{
    public static AccountBooks Open(ITurn turn, Asker asker, string agreementId)
    {
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(agreementId));
        var grain = AgreementGrains.AccountId(agreementId);
        return new AccountBooks(
            agreement,
            AgreementTurns.SidesOf(agreement, asker),
            new AccountPen(agreement, turn.State<AccountState>(grain), grain, asker.Now));
    }

    public Side? SideOf(Party party) =>
        party == Agreement.First ? Side.First : party == Agreement.Second ? Side.Second : null;
}
