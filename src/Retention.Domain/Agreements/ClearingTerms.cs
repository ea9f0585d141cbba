using System.Text.Json.Serialization;
using Retention.Domain.Clearing;

namespace Retention.Domain.Agreements;

/// <summary>What one brand pays the other for, beside the discounts.</summary>
/// <param name="IssuerPays">The issuing brand of the leg (of the first leg, for a period); else the redeeming one.</param>
/// <param name="AmountMinorUnits">Fixed; 0 where it is a share.</param>
/// <param name="Bps">Of the coupon's face at its issue, of the discount given at its redemption; rounded down.</param>
public sealed record FeeTerms(FeeTrigger Trigger, bool IssuerPays, long AmountMinorUnits, int Bps)
{
    public const int BpsMax = 10_000;

    public long Of(long minorUnits) => AmountMinorUnits > 0 ? AmountMinorUnits : (long)((Int128)minorUnits * Bps / BpsMax);
}

[JsonConverter(typeof(JsonStringEnumConverter<TaxTreatment>))]
public enum TaxTreatment
{
    None,

    /// <summary>Tax is added to what is cleared, by an entry of its own.</summary>
    Exclusive,

    /// <summary>Tax is contained in what is cleared; lines and statements tell how much.</summary>
    Inclusive,
}

/// <summary>Tax on what the brands clear: discounts and fees, not payments.</summary>
/// <param name="FirstInvoices">Whose invoice the statement is for.</param>
public sealed record TaxTerms(TaxTreatment Treatment, int RateBps, bool FirstInvoices)
{
    public const int RateBpsMax = 10_000;

    /// <summary>Half a minor unit rounds away from zero, so that an entry and its reversal cancel exactly.</summary>
    public long Of(long minorUnits)
    {
        if (Treatment == TaxTreatment.None) return 0;
        var parts = Treatment == TaxTreatment.Exclusive ? AgreementTerms.WholeBps : AgreementTerms.WholeBps + RateBps;
        var twice = Int128.Abs((Int128)minorUnits) * RateBps * 2 + parts;
        var tax = (long)(twice / (2 * parts));
        return minorUnits < 0 ? -tax : tax;
    }
}

/// <summary>How far an issuing brand may go into debt. Issue stops there; redemption never does.</summary>
/// <param name="LimitMinorUnits">0: prepaid, what was paid in advance is all there is.</param>
/// <param name="AlertBps">Of the limit (prepaid: of what was paid in) from which the position is shown as alerting; 0: 8000.</param>
public sealed record CreditTerms(long LimitMinorUnits, int AlertBps)
{
    public const int AlertBpsDefault = 8_000;

    public bool IsPrepaid() => LimitMinorUnits == 0;

    public int AlertFrom() => AlertBps == 0 ? AlertBpsDefault : AlertBps;
}

/// <summary>Caps beyond those of one customer and leg. 0: none, except the chain's.</summary>
/// <param name="FirstFundedPerPeriod">The most that the first brand may come to bear for coupons issued in one month.</param>
/// <param name="MaxOpenPerPerson">Coupons of both legs that are open for one linked person.</param>
/// <param name="MaxIssuedPerPersonMonth">Coupons of both legs issued to one linked person in a calendar month.</param>
/// <param name="ChainDepth">How long a chain of coupons may get in which each was given for a purchase that used the
/// one before. 0: <see cref="ChainDepthDefault"/>.</param>
public sealed record CapTerms(
    long FirstFundedPerPeriod,
    long SecondFundedPerPeriod,
    int MaxOpenPerPerson,
    int MaxIssuedPerPersonMonth,
    int ChainDepth)
{
    public const int ChainDepthDefault = 2;
    public const int ChainDepthMax = 10;

    public long FundedPerPeriod(Side side) => side == Side.First ? FirstFundedPerPeriod : SecondFundedPerPeriod;
}
