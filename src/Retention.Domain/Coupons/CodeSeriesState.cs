using System.Globalization;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Offers;
using Retention.Kernel;

namespace Retention.Domain.Coupons;

/// <summary>
/// Many unique coupons issued at once, all alike but for their codes, which are computed and not stored; its key is its
/// number. The grain called "head" only counts the series of the tenant.
/// </summary>
public sealed record CodeSeriesState
{
    public static readonly CodeSeriesState Initial = new();

    /// <summary>Of the head: series made so far.</summary>
    public int Series { get; init; }

    public string OfferId { get; init; } = "";

    /// <summary>Starts every code; empty: none.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Codes, numbered from 0.</summary>
    public int Count { get; init; }

    /// <summary>Exclusive; null: only the offer's own end counts.</summary>
    public Instant? ExpiresAt { get; init; }

    /// <summary>What the offer's budget keeps for each; null: nothing.</summary>
    public IssueReserve? Reserve { get; init; }

    public CodeSeriesState Evolve(CodeSeriesFact fact) => fact switch
    {
        CodeSeriesIssued issued => this with
        {
            OfferId = issued.OfferId,
            Prefix = issued.Prefix,
            Count = issued.Count,
            ExpiresAt = issued.ExpiresAt,
            Reserve = issued.Reserve,
        },
        CodeSeriesCounted => this with { Series = Series + 1 },
        _ => throw new InvalidOperationException($"A code series knows no {fact.GetType().Name}."),
    };
}

/// <summary>What happened to one series of codes, or to the tenant's count of them.</summary>
[JsonDerivedType(typeof(CodeSeriesIssued), "code-series-issued")]
[JsonDerivedType(typeof(CodeSeriesCounted), "code-series-counted")]
public abstract record CodeSeriesFact;

public sealed record CodeSeriesIssued(string OfferId, string Prefix, int Count, Instant? ExpiresAt, Instant At)
    : CodeSeriesFact
{
    /// <summary>What the offer's budget keeps for each of them; null: nothing.</summary>
    public IssueReserve? Reserve { get; init; }
}

public sealed record CodeSeriesCounted : CodeSeriesFact;

/// <summary>A series as the API names it: after the request that made it, "ser_" and 32 hex digits.</summary>
public static class CodeSeriesId
{
    private const string Start = "ser_";

    public static string Of(string tenantId, string requestId) => Of(LedgerKey.Request(tenantId, requestId));

    public static string Of(LedgerKey request) => Start + request.Value.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>The key of the commit that made it; null when the text names no series.</summary>
    public static LedgerKey? Key(string seriesId) =>
        seriesId.Length == Start.Length + 32
        && seriesId.StartsWith(Start, StringComparison.Ordinal)
        && UInt128.TryParse(
            seriesId.AsSpan(Start.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? new LedgerKey(value)
            : null;
}
