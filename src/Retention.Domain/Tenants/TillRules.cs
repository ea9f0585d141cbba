namespace Retention.Domain.Tenants;

/// <summary>What a program asks of its tills and cashiers.</summary>
/// <param name="ReassignDays">
/// A sale may go to another customer until the end of the day this many days after the purchase's, at its store.
/// 0: the same day only.
/// </param>
public sealed record TillRules(int ReassignDays = TillRules.ReassignDaysDefault)
{
    public const int ReassignDaysDefault = 30;

    public const int ReassignDaysMax = 366;

    public static readonly TillRules Default = new();
}
