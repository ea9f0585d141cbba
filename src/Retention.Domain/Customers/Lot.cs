using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>Points accrued together and expiring together. Dead from ExpiresAt on (inclusive).</summary>
/// <param name="Number">1, 2, 3, ... per customer, in the order of accrual.</param>
/// <param name="Source">Source of the purchase; null in a pooled lot.</param>
/// <param name="PurchaseId">The purchase; null in a pooled lot.</param>
/// <param name="BrandId">The brand that owes the points.</param>
/// <param name="RuleVersion">Version of the program under which the points were accrued.</param>
/// <param name="Accrued">Millipoints; never less than what remains.</param>
/// <param name="ActiveFrom">The moment from which the points may be redeemed.</param>
/// <param name="ExpiresAt">Instant.MaxValue for points that never expire.</param>
/// <param name="Remaining">Millipoints, at least 0.</param>
/// <param name="Pooled">How many further lots were pooled into this one.</param>
public sealed record Lot(
    [property: JsonPropertyName("n")] long Number,
    [property: JsonPropertyName("s")] string? Source,
    [property: JsonPropertyName("i")] string? PurchaseId,
    [property: JsonPropertyName("b")] string BrandId,
    [property: JsonPropertyName("v")] int RuleVersion,
    [property: JsonPropertyName("q")] long Accrued,
    [property: JsonPropertyName("f")] Instant ActiveFrom,
    [property: JsonPropertyName("x")] Instant ExpiresAt,
    [property: JsonPropertyName("m")] long Remaining,
    [property: JsonPropertyName("c")] int Pooled = 0)
{
    /// <summary>The company whose store gave the points; null: the tenant itself.</summary>
    [JsonPropertyName("e")]
    public string? EntityId { get; init; }

    public bool IsDead(Instant now) => ExpiresAt <= now;

    /// <summary>The lot that expires sooner comes first, of equals the older.</summary>
    public bool ComesBefore(Lot other)
    {
        var byExpiry = ExpiresAt.CompareTo(other.ExpiresAt);
        if (byExpiry != 0) return byExpiry < 0;

        var byAge = ActiveFrom.CompareTo(other.ActiveFrom);
        return byAge != 0 ? byAge < 0 : Number < other.Number;
    }

    /// <summary>Lots that no balance, expiry or liability can tell apart: they may be pooled.</summary>
    public bool IsAlike(Instant expiresAt, int ruleVersion, string brandId, string? entityId) =>
        ExpiresAt == expiresAt && RuleVersion == ruleVersion && BrandId == brandId && EntityId == entityId;
}

/// <summary>
/// A part of a lot that was taken. It carries what the lot was, so that a reversal can restore the lot
/// even after it has been pooled or forgotten.
/// </summary>
public sealed record LotSlice(
    [property: JsonPropertyName("n")] long Number,
    [property: JsonPropertyName("m")] long Millipoints,
    [property: JsonPropertyName("b")] string BrandId,
    [property: JsonPropertyName("v")] int RuleVersion,
    [property: JsonPropertyName("f")] Instant ActiveFrom,
    [property: JsonPropertyName("x")] Instant ExpiresAt)
{
    /// <summary>As of the lot.</summary>
    [JsonPropertyName("e")]
    public string? EntityId { get; init; }

    public static LotSlice Of(Lot lot, long millipoints) =>
        new(lot.Number, millipoints, lot.BrandId, lot.RuleVersion, lot.ActiveFrom, lot.ExpiresAt)
        {
            EntityId = lot.EntityId,
        };
}
