using NodaTime;
using Retention.Domain.Agreements;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Clearing;

public sealed record RateView(AgreementState Agreement, ExchangeRate Rate);

/// <summary>Rates between the currencies of an agreement's brands, as the source of the terms gives them.</summary>
public static class RateTurns
{
    /// <summary>So many days ahead a rate may be recorded.</summary>
    public const int DaysAheadMax = 7;

    /// <summary>
    /// Either side records; rates follow each other by their day, and none is ever changed: what was cleared by one
    /// can be recomputed.
    /// </summary>
    public static Decision Record(ITurn turn, Asker asker, string agreementId, ExchangeRate rate)
    {
        var books = AccountBooks.Open(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (books.Own.Count == 0) return AgreementTurns.Unknown(agreementId);
        if (books.Agreement.Agreed.Fx is not { } fx) return Because(RefusalReason.FxNotAgreed);
        if (rate.Source != fx.Source) return AgreementRules.Invalid("source", "as_agreed");
        if (rate.On > books.Pen.Today.PlusDays(DaysAheadMax)) return AgreementRules.Invalid("rate_date", "at_most_7_days_ahead");
        if (books.Pen.State.Rates is [.., var last] && last.On >= rate.On)
        {
            return Because(RefusalReason.RateExists, ("last_date", Day(last.On)));
        }

        if (AgreementClosing.IsClosed(books.Agreement, books.Pen.State, books.Pen.Now))
        {
            return AgreementClosing.Refusal(books.Agreement, books.Pen.State);
        }

        books.Pen.Write(new RateRecorded(rate, books.Own[0]));
        return books.Pen.Into(Decision.With(new RateView(books.Agreement, rate)));
    }

    private static string Day(LocalDate day) => day.ToString("uuuu-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
}
