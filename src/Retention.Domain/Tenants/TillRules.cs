using System.Text.Json.Serialization;

namespace Retention.Domain.Tenants;

/// <summary>What a rule does where it finds something.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RuleOutcome>))]
public enum RuleOutcome
{
    Allow = 1,

    /// <summary>The request is granted; the till's report counts it.</summary>
    Flag,
    Refuse,
}

/// <summary>What a program asks of its tills and cashiers.</summary>
/// <param name="ReassignDays">
/// A sale may go to another customer until the end of the day this many days after the purchase's, at its store.
/// 0: the same day only.
/// </param>
/// <param name="PurchaseAheadMinutes">How far a sale's time may lie after the tenant's, inclusive.</param>
/// <param name="RequiresTillIds">Whether requests of tills must name till and cashier.</param>
/// <param name="OwnCard">A cashier serves the customer he is himself.</param>
/// <param name="CardVelocity">A customer is served more often than the numbers below.</param>
/// <param name="CardUsesPerHour">Of one customer in one clock hour, inclusive. 0: any number.</param>
/// <param name="CardUsesPerDay">Of one customer in one day of the tenant's zone, inclusive. 0: any number.</param>
public sealed record TillRules(
    int ReassignDays = TillRules.ReassignDaysDefault,
    int PurchaseAheadMinutes = TillRules.PurchaseAheadMinutesDefault,
    bool RequiresTillIds = false,
    RuleOutcome OwnCard = RuleOutcome.Flag,
    RuleOutcome CardVelocity = RuleOutcome.Flag,
    int CardUsesPerHour = 0,
    int CardUsesPerDay = 0)
{
    public const int ReassignDaysDefault = 30;

    public const int ReassignDaysMax = 366;

    public const int PurchaseAheadMinutesDefault = 24 * 60;

    public const int PurchaseAheadMinutesMax = 366 * 24 * 60;

    public const int CardUsesMax = 100_000;

    public static readonly TillRules Default = new();

    /// <summary>Whether uses are counted at all: without a number they cost nothing.</summary>
    [JsonIgnore]
    public bool CountsCardUses => CardVelocity != RuleOutcome.Allow && (CardUsesPerHour > 0 || CardUsesPerDay > 0);
}
