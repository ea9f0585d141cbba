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
    /// <param name="number">Of the entry; the tax entry has the next.</param>
    public static IEnumerable<EntryFact> Entries(
        AgreementTerms terms, EntryFact entry, long number, Side creditor, long from, long to)
    {
        var tax = terms.Tax is { } rule ? rule.Of(to) - rule.Of(from) : 0;
        var isOnTop = terms.Tax?.Treatment == TaxTreatment.Exclusive;
        yield return entry with
        {
            Number = number,
            Postings = entry.Postings.AddRange(Credit(creditor, to - from)),
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
            Postings = Credit(creditor, tax),
        };
    }

    /// <summary>Writes them at the pen's moment.</summary>
    public static void Post(AccountPen pen, AgreementTerms terms, EntryFact entry, Side creditor, long from, long to)
    {
        foreach (var fact in Entries(terms, entry, pen.State.Lines + 1, creditor, from, to))
        {
            pen.Write(fact);
        }
    }

    /// <summary>Credits one side and debits the other by the same; negative takes back.</summary>
    public static ImmutableArray<Posting> Credit(Side creditor, long minorUnits, Book book = Book.Net) =>
        [new Posting(creditor, minorUnits, book), new Posting(Other(creditor), -minorUnits, book)];

    public static Side Other(Side side) => side == Side.First ? Side.Second : Side.First;
}
