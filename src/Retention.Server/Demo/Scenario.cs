using NodaTime;
using Retention.Server.Demo.Dataset;

namespace Retention.Server.Demo;

/// <summary>What the joint promotion of a demo promises, and when it ends.</summary>
public sealed record Scenario
{
    /// <summary>
    /// Customers of each of these get coupons for each other of these; the order decides who issues first.
    /// </summary>
    public required IReadOnlyList<string> Brands { get; init; }

    /// <summary>A coupon is good to the end of the day this many days after its issue.</summary>
    public int DaysValid { get; init; } = 30;

    /// <summary>Per household, issuer and redeemer. An outdated coupon is not open.</summary>
    public int MaxOpenPerCustomer { get; init; } = 1;

    /// <summary>Per household, issuer, redeemer and calendar month; null: any number.</summary>
    public int? MaxIssuedPerCustomerMonth { get; init; }

    public long CouponMinorUnits { get; init; } = 199;

    /// <summary>The issuer's part of the discount, rounded down; the redeemer takes the rest.</summary>
    public int IssuerShareBps { get; init; } = 3333;

    /// <summary>Every n-th trigger purchase is returned; null: none.</summary>
    public int? ReturnEveryNthEvent { get; init; }

    /// <summary>0: on the day itself, after its purchases; else before all that the later day brings.</summary>
    public int ReturnAfterDays { get; init; } = 5;

    /// <summary>Every n-th joint redemption is contested, each time without success; null: none.</summary>
    public int? DisputeEveryNthRedemption { get; init; }

    /// <summary>The last date that is played; the report is read at its end.</summary>
    public required LocalDate AsOf { get; init; }

    /// <summary>
    /// Redemptions that a second chain must refuse, as an absolute path; null: the dataset's own, if any.
    /// </summary>
    public string? InvalidRedemptionsPath { get; init; }

    public static Scenario For(DemoDataset dataset) => new() { Brands = dataset.Brands, AsOf = dataset.LastDay };
}
