using System.Text.Json.Serialization;
using Retention.Server.Verify;

namespace Retention.Server.Demo;

/// <summary>What a demo came to, in the shape of its JSON.</summary>
/// <param name="Consumed">Used, clawed back or not: issued = consumed + expired + open + voided.</param>
/// <param name="Brands">What each brand is owed over all its agreements. They sum to zero.</param>
public sealed record DemoReport(
    long Issued,
    long Consumed,
    long Expired,
    long Open,
    long Voided,
    long ClawedBack,
    IReadOnlyList<PairReport> Pairs,
    IReadOnlyList<BrandNet> Brands,
    RedemptionReport Redemptions,
    CrashReport Crashes,
    VerifyPart Verify,
    StatementPart Statements,
    double Seconds)
{
    /// <summary>The books are right: they verify, each brand's feed gives the statements that it is shown, and the nets of all pairs sum to zero.</summary>
    [JsonIgnore]
    public bool IsSound => Verify.Differences == 0
        && Statements.Differences == 0
        && Pairs.Sum(pair => pair.NetMinorUnits) == 0
        && Pairs.All(pair => pair.Issued == pair.Consumed + pair.Expired + pair.Open + pair.Voided);
}

/// <summary>One direction of one agreement: coupons of the issuer for the redeemer.</summary>
/// <param name="OwedMinorUnits">What the issuer owes the redeemer by these coupons alone.</param>
/// <param name="NetMinorUnits">
/// What the redeemer owes the issuer by both directions together, negative where the issuer owes. The other direction
/// has the same number with the other sign, so that all of them sum to zero.
/// </param>
public sealed record PairReport(
    string Issuer,
    string Redeemer,
    long Issued,
    long Consumed,
    long Expired,
    long Open,
    long Voided,
    long ClawedBack,
    long OwedMinorUnits,
    long NetMinorUnits);

public sealed record BrandNet(string Brand, long NetMinorUnits);

public sealed record RedemptionReport(int Accepted, int Repeated, IReadOnlyDictionary<string, int> Refused);

/// <param name="SlowestRestartMs">From the start of the process to its ready line.</param>
public sealed record CrashReport(int Kills, long SlowestRestartMs);

public sealed record VerifyPart(long Grains, long Events, long Differences)
{
    public static VerifyPart Of(VerifyReport report) => new(report.Grains, report.Events, report.Differences);
}

/// <param name="Periods">Months of statements, of each agreement and brand, that were recomputed from the brand's feed.</param>
public sealed record StatementPart(long Periods, long Differences);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DemoReport))]
internal sealed partial class DemoReportJson : JsonSerializerContext;
