using System.Text.Json.Serialization;
using Retention.Domain.Agreements;

namespace Retention.Domain.Tenants;

/// <summary>A tenant's loyalty rules. Versioned: a lot keeps the rule version it was accrued under.</summary>
/// <param name="Version">1 for the default program; grows by one with each update.</param>
/// <param name="MillipointsPerUnit">Millipoints accrued per whole currency unit (100 minor units).</param>
/// <param name="RoundToMillipoints">Accruals are rounded down to a multiple of this, per purchase.</param>
/// <param name="LotDays">A lot is dead from the start of the day this many days after the purchase's day, in the tenant's zone. 0: never.</param>
/// <param name="MillipointsCapPerPurchase">0: no cap. Above it the accrual is reduced.</param>
/// <param name="ReturnMayGoNegative">Whether a return may leave a negative balance when its points are spent.</param>
public sealed record Program(
    int Version,
    long MillipointsPerUnit,
    long RoundToMillipoints,
    int LotDays,
    long MillipointsCapPerPurchase,
    bool ReturnMayGoNegative)
{
    /// <summary>One point per whole currency unit, rounded down to whole points, living 365 days.</summary>
    public static readonly Program Default = new(1, 1000, 1000, 365, 0, true);

    /// <summary>Null: the default rules, also in programs that are older than the rules.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TillRules? Tills { get; init; }

    /// <summary>
    /// What one company of the tenant owes another for 1,000 of its points redeemed there, in minor units; 0: nothing.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long PointValueMinorUnits { get; init; }

    /// <summary>Null: the default rules.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProposalRules? Proposals { get; init; }

    [JsonIgnore]
    public ProposalRules Proposal => Proposals ?? ProposalRules.Default;

    [JsonIgnore]
    public TillRules Till => Tills ?? TillRules.Default;
}
