using Retention.Domain.Clearing;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>
/// One brand's tenant counts in another currency than the account. Amounts of tills are in the currency of the till's
/// brand; everything else of the terms is in the account's.
/// </summary>
/// <param name="Side">Whose tenant counts in <paramref name="Currency"/>, the counter currency.</param>
/// <param name="Source">Where both take rates from.</param>
/// <param name="FirstRounds">Whether the first side bears the rest of a conversion; else the second does.</param>
/// <param name="DiscountMinorUnits">What a coupon takes off at that side's tills; 0 where none is redeemed there.</param>
/// <param name="MinimumBasketMinorUnits">Of a triggering purchase at that side, inclusive.</param>
/// <param name="RateDays">A rate holds on its day and so many days after it, unless a later one does. 0: <see cref="RateDaysDefault"/>.</param>
public sealed record FxTerms(
    Side Side,
    string Currency,
    string Source,
    bool FirstRounds,
    long DiscountMinorUnits,
    long MinimumBasketMinorUnits,
    int RateDays)
{
    /// <summary>A long weekend.</summary>
    public const int RateDaysDefault = 4;
    public const int RateDaysMax = 31;

    /// <summary>The most that one amount of such an agreement is, in minor units.</summary>
    public const long AmountMax = 1_000_000_000;

    public int RateWindow() => RateDays == 0 ? RateDaysDefault : RateDays;

    /// <summary>An amount that a side is credited with, in the counter currency; 0 without a rate.</summary>
    public long ToCounter(ExchangeRate? rate, Side creditor, long minorUnits) =>
        rate?.ToCounter(minorUnits, IsUp(creditor)) ?? 0;

    public long ToAccount(ExchangeRate rate, Side creditor, long counterMinorUnits) =>
        rate.ToAccount(counterMinorUnits, IsUp(creditor));

    // Who bears the rest gets less of it, or pays more.
    private bool IsUp(Side creditor) => FirstRounds != (creditor == Side.First);

    public static Refusal? Fault(AgreementTerms terms)
    {
        if (terms.Fx is not { } fx) return terms.DiscountMinorUnits > 0 ? null : Invalid("terms.offer.amount_off", "positive");
        if (fx.Currency == terms.Currency) return Invalid("terms.fx.currency_code", "another_than_terms.currency_code");
        if (fx.RateDays is < 0 or > RateDaysMax) return Invalid("terms.fx.rate_days", "0_to_31");
        if (terms.Offline is not null) return Invalid("terms.offline", "not_with_fx");

        // The second side redeems in the first leg, the first in the mirrored one.
        var (own, counter) = (
            fx.Side == Side.First || terms.IsMirrored, fx.Side == Side.Second || terms.IsMirrored);
        if (terms.DiscountMinorUnits > 0 != own)
        {
            return Invalid("terms.offer.amount_off", own ? "positive" : "empty_where_no_coupon_is_redeemed_in_it");
        }

        if (fx.DiscountMinorUnits > 0 != counter)
        {
            return Invalid("terms.fx.amount_off", counter ? "positive" : "empty_where_no_coupon_is_redeemed_in_it");
        }

        foreach (var amount in (long[])
        [
            terms.DiscountMinorUnits, fx.DiscountMinorUnits, .. (terms.Fees ?? []).Select(fee => fee.AmountMinorUnits),
        ])
        {
            if (amount > AmountMax) return Invalid("terms", "amounts_at_most_1000000000_with_fx");
        }

        return null;
    }

    private static Refusal Invalid(string field, string rule) => AgreementRules.Invalid(field, rule);
}
