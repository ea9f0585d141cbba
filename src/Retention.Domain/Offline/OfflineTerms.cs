using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Offline;

/// <summary>How far tills may accept coupons without the network.</summary>
/// <param name="CeilingMinorUnits">The most that one offline redemption takes off; 0: what the coupon gives.</param>
/// <param name="MaxDelaySeconds">A capture that comes later after the till's time is a conflict; 0: the default.</param>
public record OfflineTerms(long CeilingMinorUnits, long MaxDelaySeconds)
{
    public const long MaxDelaySecondsDefault = 3 * 24 * 3600;
    public const long MaxDelaySecondsMax = 30 * 24 * 3600;

    /// <summary>A till's clock may be ahead of the server's by so much.</summary>
    public static readonly Duration ClockSkewMax = Duration.FromMinutes(10);

    public static readonly OfflineTerms Default = new(0, 0);

    public Duration MaxDelay() => Duration.FromSeconds(MaxDelaySeconds == 0 ? MaxDelaySecondsDefault : MaxDelaySeconds);

    public long Bounded(long minorUnits) =>
        CeilingMinorUnits > 0 && minorUnits > CeilingMinorUnits ? CeilingMinorUnits : minorUnits;

    public bool IsSound() => CeilingMinorUnits >= 0 && MaxDelaySeconds is >= 0 and <= MaxDelaySecondsMax;
}

/// <summary>What two brands agree on about tills without the network.</summary>
/// <param name="IssuerBearsLoss">
/// The issuing brand pays for a conflict that the till could not see; else the redeeming brand bears it, as it bears in any
/// case what its till could have known.
/// </param>
public sealed record JointOfflineTerms(long CeilingMinorUnits, long MaxDelaySeconds, bool IssuerBearsLoss)
    : OfflineTerms(CeilingMinorUnits, MaxDelaySeconds);

/// <summary>Who bears a discount that a till gave and no redemption stands for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LossParty>))]
public enum LossParty
{
    /// <summary>The chain whose own offer it is.</summary>
    Tenant = 1,
    Issuing,
    Redeeming,
}
