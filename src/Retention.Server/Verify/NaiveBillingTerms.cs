using System.Text.Json;

namespace Retention.Server.Verify;

/// <summary>What one version of terms says of fees and tax, in exact fractions.</summary>
internal sealed record NaiveBillingTerms(
    long Discount, IReadOnlyDictionary<string, (bool IssuerPays, long Amount, long Bps)> Fees, string Treatment, long RateBps)
{
    private string FxSide { get; init; } = "";

    private bool FirstRounds { get; init; }

    private const int Whole = 10_000;

    public static NaiveBillingTerms Of(JsonElement json) => new(
        json.Long("discount_minor_units"),
        json.List("fees").ToDictionary(
            fee => fee.Text("trigger"), fee => (fee.Flag("issuer_pays"), fee.Long("amount_minor_units"), fee.Long("bps"))),
        json.Part("tax")?.Text("treatment") ?? "",
        json.Part("tax")?.Long("rate_bps") ?? 0)
    {
        FxSide = json.Part("fx")?.Text("side") ?? "",
        FirstRounds = json.Part("fx")?.Flag("first_rounds") ?? false,
    };

    /// <summary>Whether coupons of the leg are redeemed in the counter currency.</summary>
    public bool IsCounter(string leg) => FxSide == (leg == "1" ? "Second" : "First");

    /// <summary>What a till of the redeeming brand gave; the brand that rounds gets less or pays more.</summary>
    public long InAccount(string leg, long discount, JsonElement rate)
    {
        if (!IsCounter(leg)) return discount;
        var exact = (decimal)discount * rate.Long("units") / rate.Long("counter_units");
        return (long)(FirstRounds == (leg == "1") ? Math.Ceiling(exact) : Math.Floor(exact));
    }

    public long FeeOf(string trigger, long minorUnits)
    {
        var (_, amount, bps) = Fees.GetValueOrDefault(trigger);
        return amount > 0 ? amount : (long)Math.Floor((decimal)minorUnits * bps / Whole);
    }

    /// <summary>What the first side is credited with: in leg 1 it issues, in leg 2 it redeems.</summary>
    public long ToFirst(string trigger, string leg, long fee) =>
        Fees.GetValueOrDefault(trigger).IssuerPays == (leg == "1") ? -fee : fee;

    public long TaxOnTopOf(long minorUnits) => Treatment == "Exclusive" ? Rounded(minorUnits, Whole) : 0;

    public long TaxIncludedIn(long minorUnits) => Treatment == "Inclusive" ? Rounded(minorUnits, Whole + RateBps) : 0;

    private long Rounded(long minorUnits, long parts) =>
        (long)Math.Round((decimal)minorUnits * RateBps / parts, MidpointRounding.AwayFromZero);
}
