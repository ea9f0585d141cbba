using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using NodaTime.Text;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>
/// One clearing entry as both sides see it, and as it goes into the chain of hashes:
/// "number|time|kind|leg|coupon|redemption|terms version|currency|credit of the first side|credit of the second side".
/// The hash after a line is SHA-256 over the hash before it (hex, as text), a line feed, and the line, in UTF-8.
/// </summary>
public sealed record ClearingLine(
    long Number,
    Instant At,
    string Kind,
    string LegId,
    string CouponId,
    string Redemption,
    int TermsVersion,
    string Currency,
    long FirstCredit,
    long SecondCredit)
{
    public static readonly string FirstHash = new('0', 64);

    public static ClearingLine Of(string currency, EntryFact fact) => new(
        fact.Number,
        fact.At,
        KindOf(fact),
        fact.LegId,
        fact.CouponId,
        fact.Redemption,
        fact.TermsVersion,
        currency,
        CreditOf(fact, Side.First),
        CreditOf(fact, Side.Second));

    public string HashAfter(string before) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(before + "\n" + ToString())));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Number}|{InstantPattern.ExtendedIso.Format(At)}|{Kind}|{LegId}|{CouponId}|{Redemption}|{TermsVersion}|{Currency}|{FirstCredit}|{SecondCredit}");

    private static string KindOf(EntryFact fact) => fact switch
    {
        RedemptionCleared => "REDEEMED",
        ReversalCleared => "REVERSED",
        ClawBackCleared => "CLAWED_BACK",
        _ => throw new InvalidOperationException($"{fact.GetType().Name} is no entry."),
    };

    private static long CreditOf(EntryFact fact, Side side)
    {
        var credit = 0L;
        foreach (var posting in fact.Postings)
        {
            if (posting.Side == side) credit += posting.MinorUnits;
        }

        return credit;
    }
}
