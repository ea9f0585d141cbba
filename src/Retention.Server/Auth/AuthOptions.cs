namespace Retention.Server.Auth;

/// <summary>Bounds of authentication.</summary>
public sealed record AuthOptions
{
    /// <summary>Failed authentications a minute from one address; then RESOURCE_EXHAUSTED. 0 means no limit.</summary>
    public int FailuresPerMinute { get; init; } = 10;

    /// <summary>Callers kept as verified; when there are more, all are verified anew.</summary>
    public int VerifiedCallersMax { get; init; } = 50_000;
}
