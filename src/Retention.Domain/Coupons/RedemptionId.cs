using System.Globalization;
using Retention.Kernel;

namespace Retention.Domain.Coupons;

/// <summary>
/// A redemption is named after the request that made it, "red_" and 32 hex digits, so that its commit
/// can be found again without an index and without an age limit.
/// </summary>
public static class RedemptionId
{
    private const string Prefix = "red_";

    public static string Of(LedgerKey request) => Prefix + request.Value.ToString("x32", CultureInfo.InvariantCulture);

    public static string Of(string tenantId, string requestId) => Of(LedgerKey.Request(tenantId, requestId));

    /// <summary>The key of the commit that made it; null when the text names no redemption.</summary>
    public static LedgerKey? Key(string redemptionId) =>
        redemptionId.Length == Prefix.Length + 32
        && redemptionId.StartsWith(Prefix, StringComparison.Ordinal)
        && UInt128.TryParse(
            redemptionId.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? new LedgerKey(value)
            : null;

    /// <summary>The key of one of several redemptions of a request.</summary>
    public static LedgerKey Stacked(string tenantId, string requestId, int position) =>
        LedgerKey.Of("stacked coupon", tenantId, requestId, position.ToString(CultureInfo.InvariantCulture));

    /// <summary>A redemption is reversed by one commit only.</summary>
    public static LedgerKey Reversal(string redemptionId) => LedgerKey.Of("coupon reversal", redemptionId);

    /// <summary>A return gives back its lines' part of a redemption once.</summary>
    public static LedgerKey PartReversal(string redemptionId, string returnId) =>
        LedgerKey.Of("coupon part reversal", redemptionId, returnId);

    /// <summary>
    /// A till's order redeems a coupon once. Apart from the order's other keys: points may pay for the same order.
    /// </summary>
    public static LedgerKey Order(string tenantId, string brandId, string source, string orderId) =>
        LedgerKey.Order(tenantId, brandId, "coupon\0" + source, orderId);
}
