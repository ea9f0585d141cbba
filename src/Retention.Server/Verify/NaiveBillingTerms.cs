using System.Text.Json;

namespace Retention.Server.Verify;

/// <summary>What one version of terms says of fees and tax, in exact fractions.</summary>
internal sealed record NaiveBillingTerms(
    long Discount, IReadOnlyDictionary<string, (bool IssuerPays, long Amount, long Bps)> Fees, string Treatment, long RateBps)
{
    private const int Whole = 10_000;

    public static NaiveBillingTerms Of(JsonElement json) => new(
        json.Long("discount_minor_units"),
        json.List("fees").ToDictionary(
            fee => fee.Text("trigger"), fee => (fee.Flag("issuer_pays"), fee.Long("amount_minor_units"), fee.Long("bps"))),
        json.Part("tax")?.Text("treatment") ?? "",
        json.Part("tax")?.Long("rate_bps") ?? 0);

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
