using System.Collections.Immutable;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>
/// Entries of what one side owes the other by the terms, each with its tax. An entry moves a standing amount from one
/// value to another; its tax is the difference of the taxes on both, so that taking back in parts ends at nothing.
/// </summary>
public static class Billing
{
    /// <summary>The entry and, where tax comes on top, the tax entry, ready to be written in this order.</summary>
    /// <param name="entry">With the rate by which it counts in the counter currency, if there is one.</param>
    /// <param name="number">Of the entry; the tax entry has the next.</param>
    /// <param name="counter">What the entry moves in the counter currency; null: both values converted, and their difference.</param>
    public static IEnumerable<EntryFact> Entries(
        AgreementTerms terms, EntryFact entry, long number, Side creditor, long from, long to, long? counter = null)
    {
        var tax = terms.Tax is { } rule ? rule.Of(to) - rule.Of(from) : 0;
        var isOnTop = terms.Tax?.Treatment == TaxTreatment.Exclusive;
        yield return entry with
        {
            Number = number,
            Postings = entry.Postings
                .AddRange(Credit(creditor, to - from))
                .AddRange(InCounter(entry.Rate, creditor, counter ?? Converted(terms, entry.Rate, creditor, from, to))),
            TaxIncludedMinorUnits = isOnTop ? 0 : creditor == Side.First ? tax : -tax,
        };
        if (!isOnTop || tax == 0) yield break;

        yield return new TaxCleared(number, terms.Tax!.RateBps)
        {
            At = entry.At,
            On = entry.On,
            Number = number + 1,
            LegId = entry.LegId,
            CouponId = entry.CouponId,
            Redemption = entry.Redemption,
            TermsVersion = entry.TermsVersion,
            EntityId = entry.EntityId,
            Rate = entry.Rate,
            Postings = Credit(creditor, tax).AddRange(InCounter(
                entry.Rate,
                creditor,
                Converted(terms, entry.Rate, creditor, terms.Tax!.Of(from), terms.Tax.Of(to)))),
        };
    }

    /// <summary>The postings in the counter currency; none without a rate.</summary>
    public static ImmutableArray<Posting> InCounter(
        ExchangeRate? rate, Side creditor, long minorUnits, Book book = Book.Counter) =>
        rate is null ? [] : Credit(creditor, minorUnits, book);

    private static long Converted(AgreementTerms terms, ExchangeRate? rate, Side creditor, long from, long to) =>
        terms.Fx is { } fx ? fx.ToCounter(rate, creditor, to) - fx.ToCounter(rate, creditor, from) : 0;

    /// <summary>Writes them at the pen's moment.</summary>
    public static void Post(
        AccountPen pen, AgreementTerms terms, EntryFact entry, Side creditor, long from, long to, long? counter = null)
    {
        foreach (var fact in Entries(terms, entry, pen.State.Lines + 1, creditor, from, to, counter))
        {
            pen.Write(fact);
        }
    }

    /// <summary>Credits one side and debits the other by the same; negative takes back.</summary>
    public static ImmutableArray<Posting> Credit(Side creditor, long minorUnits, Book book = Book.Net) =>
        [new Posting(creditor, minorUnits, book), new Posting(Other(creditor), -minorUnits, book)];

    public static Side Other(Side side) => side == Side.First ? Side.Second : Side.First;
}
