namespace Retention.Server.Load;

/// <summary>What was asked for.</summary>
internal sealed record LoadOrder
{
    public required string Operation { get; init; }

    public required Uri Endpoint { get; init; }

    public required string Key { get; init; }

    public required LoadPlan Plan { get; init; }

    public required long Customers { get; init; }

    /// <summary>How often the hot code may be redeemed.</summary>
    public required long Limit { get; init; }

    /// <summary>How many unique coupons take part, and how they lie on disk.</summary>
    public required long Coupons { get; init; }

    public required CodeStorage Codes { get; init; }

    public required string Tenant { get; init; }

    public required Func<ServerUse> ServerUse { get; init; }

    public required string ProbeDirectory { get; init; }

    public required bool IsSilent { get; init; }
}
