using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Retention.Domain.Clearing;
using Retention.Domain.Offline;

namespace Retention.Domain.Agreements;

/// <summary>A brand as a side of an agreement.</summary>
public sealed record Party(string TenantId, string BrandId);

/// <summary>The two sides, as the proposal names them: first the one that issues in the first leg.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Side>))]
public enum Side
{
    First = 1,
    Second,
}

[JsonConverter(typeof(JsonStringEnumConverter<AgreementStatus>))]
public enum AgreementStatus
{
    Proposed = 1,
    Active,

    /// <summary>Issues nothing any more; what was issued is honored.</summary>
    Ended,

    /// <summary>Notice was given: issues to the end of it.</summary>
    Ending,

    /// <summary>Nothing can happen any more; the last statement is final.</summary>
    Closed,
}

/// <summary>What both sides accept as one. Who "the issuer" is depends on the leg.</summary>
/// <param name="DiscountMinorUnits">What a coupon takes off, never more than the basket.</param>
/// <param name="Currency">The account's; of both tenants and all amounts, unless <see cref="Fx"/> says otherwise.</param>
/// <param name="MinimumBasketMinorUnits">Of the triggering purchase, inclusive.</param>
/// <param name="Categories">Any of these on a line of the triggering purchase; empty: any purchase.</param>
/// <param name="DaysValid">A coupon is valid to the end of the day of its issue plus this many days, in the zone.</param>
/// <param name="MaxOpenPerCustomer">Per leg. 0: the hard limit of <see cref="OpenMax"/>.</param>
/// <param name="MaxIssuedPerCustomerMonth">Per leg and calendar month in the zone; nothing gives a count back. 0: none.</param>
/// <param name="IssuerShareBps">Of the discount given; the redeeming brand bears the rest.</param>
/// <param name="IssuerRounds">True: the issuer bears the rounding rest; false: the redeeming brand does.</param>
/// <param name="TimeZone">IANA. Days, months and statement periods are meant in it.</param>
/// <param name="MirrorsReturns">Whether the return of the triggering purchase takes back what a used coupon cleared.</param>
/// <param name="ClawBackDays">How many days after the redemption, inclusive; 0: without limit.</param>
/// <param name="ReversedStaysUsed">Whether a coupon whose redemption is reversed may not be redeemed again.</param>
/// <param name="IsMirrored">Whether the second leg exists, in which the sides change roles.</param>
/// <param name="SuppressUnder">Counts of the partner's leg below this are not shown. 0: <see cref="SuppressDefault"/>.</param>
public sealed record AgreementTerms(
    long DiscountMinorUnits,
    string Currency,
    long MinimumBasketMinorUnits,
    ImmutableArray<string> Categories,
    int DaysValid,
    int MaxOpenPerCustomer,
    int MaxIssuedPerCustomerMonth,
    int IssuerShareBps,
    bool IssuerRounds,
    string TimeZone,
    bool MirrorsReturns,
    int ClawBackDays,
    bool ReversedStaysUsed,
    bool IsMirrored,
    int SuppressUnder)
{
    public const int OpenMax = 50;
    public const int DaysValidMax = 366;
    public const int CategoriesMax = 100;
    public const int SuppressDefault = 10;
    public const int WholeBps = 10_000;
    public const long ConfirmWithinSecondsDefault = 7 * 24 * 3600;
    public const long ConfirmWithinSecondsMax = 90 * 24 * 3600;

    /// <summary>Whether a redemption is provisional until its sale arrives; else it clears at once.</summary>
    public bool SettlesAtSale { get; init; }

    /// <summary>How long a sale is waited for, in elapsed time. 0: <see cref="ConfirmWithinSecondsDefault"/>.</summary>
    public long ConfirmWithinSeconds { get; init; }

    /// <summary>At most one for each trigger; null: none.</summary>
    public ImmutableArray<FeeTerms>? Fees { get; init; }

    /// <summary>Null: nothing is taxed.</summary>
    public TaxTerms? Tax { get; init; }

    /// <summary>After the end of a month its statement is due to be paid. Told, not acted on.</summary>
    public int DueDays { get; init; }

    /// <summary>To how many days after its own an entry may be disputed, inclusive. 0: the default.</summary>
    public int DisputeDays { get; init; }

    /// <summary>To how many days after its opening a dispute may be answered, inclusive. 0: the default.</summary>
    public int DisputeAnswerDays { get; init; }

    public const int DisputeDaysDefault = 30;
    public const int DisputeAnswerDaysDefault = 14;
    public const int DaysMax = 366;

    public int DisputeWindow() => DisputeDays == 0 ? DisputeDaysDefault : DisputeDays;

    public int DisputeAnswerWindow() => DisputeAnswerDays == 0 ? DisputeAnswerDaysDefault : DisputeAnswerDays;

    /// <summary>Null: no limit.</summary>
    public CreditTerms? Credit { get; init; }

    /// <summary>Null: tills accept the coupons with the network only.</summary>
    public JointOfflineTerms? Offline { get; init; }

    /// <summary>Null: none but the default depth of chains.</summary>
    public CapTerms? Caps { get; init; }

    /// <summary>Null: both tenants count in <see cref="Currency"/>.</summary>
    public FxTerms? Fx { get; init; }

    /// <summary>Of the side's tenant and tills.</summary>
    public string CurrencyOf(Side side) => Fx is { } fx && fx.Side == side ? fx.Currency : Currency;

    /// <summary>What a coupon takes off, in the currency of the side that redeems it.</summary>
    public long DiscountAt(Side redeemer) => Fx is { } fx && fx.Side == redeemer ? fx.DiscountMinorUnits : DiscountMinorUnits;

    /// <summary>Inclusive, in the currency of the side that issues.</summary>
    public long MinimumBasketAt(Side issuer) =>
        Fx is { } fx && fx.Side == issuer ? fx.MinimumBasketMinorUnits : MinimumBasketMinorUnits;

    /// <summary>An amount of the redeeming side's tills in the account's currency; null: it takes a rate and there is none.</summary>
    public long? InAccount(Side redeemer, long minorUnits, ExchangeRate? rate) =>
        Fx is not { } fx || fx.Side != redeemer ? minorUnits
        : rate is null ? null
        : fx.ToAccount(rate, redeemer, minorUnits);

    public FeeTerms? Fee(FeeTrigger trigger) =>
        Fees?.FirstOrDefault(fee => fee.Trigger == trigger);

    /// <summary>The most that the issuer can come to owe for a coupon once it is redeemed: share, fee and tax.</summary>
    public long FundedMax(long faceMinorUnits) =>
        WithTax(IssuerShare(faceMinorUnits)) + PaidByIssuer(FeeTrigger.Redemption, faceMinorUnits);

    /// <summary>A fee with its tax, where the issuer pays it.</summary>
    public long PaidByIssuer(FeeTrigger trigger, long minorUnits) =>
        Fee(trigger) is { IssuerPays: true } fee ? WithTax(fee.Of(minorUnits)) : 0;

    public int ChainDepth() => Caps is { ChainDepth: > 0 } caps ? caps.ChainDepth : CapTerms.ChainDepthDefault;

    private long WithTax(long minorUnits) =>
        Tax?.Treatment == TaxTreatment.Exclusive ? minorUnits + Tax.Of(minorUnits) : minorUnits;

    /// <summary>An end takes effect after the day that is so many days later; 0: at once.</summary>
    public int NoticeDays { get; init; }

    /// <summary>Where claw-backs have no limit of days: how long an ended agreement waits for one. 0: the default.</summary>
    public int ClawBackDaysAfterEnd { get; init; }

    public const int ClawBackDaysAfterEndDefault = 90;

    /// <summary>So many days after a redemption, inclusive, an ended agreement may still claw it back.</summary>
    public int ClawBackDaysOfEnding() => ClawBackDays > 0 ? ClawBackDays
        : ClawBackDaysAfterEnd > 0 ? ClawBackDaysAfterEnd
        : ClawBackDaysAfterEndDefault;

    public long ConfirmSeconds() => ConfirmWithinSeconds == 0 ? ConfirmWithinSecondsDefault : ConfirmWithinSeconds;

    /// <summary>What the issuer owes for a discount that the redeeming brand gave.</summary>
    public long IssuerShare(long discountMinorUnits) => IssuerRounds
        ? discountMinorUnits - Floor(discountMinorUnits, WholeBps - IssuerShareBps)
        : Floor(discountMinorUnits, IssuerShareBps);

    private static long Floor(long amount, int bps) => (long)((Int128)amount * bps / WholeBps);
}

/// <summary>One direction of an agreement: purchases at the issuer give coupons for the redeemer.</summary>
public sealed record Leg(string LegId, Side Issuer, Party Issuing, Party Redeeming, string PseudonymKey)
{
    public const string First = "1";
    public const string Second = "2";

    public Side Redeemer => Issuer == Side.First ? Side.Second : Side.First;

    /// <summary>Null where there is no leg.</summary>
    public static Side? RedeemerOf(string legId) => legId switch
    {
        First => Side.Second,
        Second => Side.First,
        _ => null,
    };
}
