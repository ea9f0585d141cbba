using System.Globalization;
using Retention.Kernel;

namespace Retention.Domain.Customers;

/// <summary>Ids made here derive from what asked for them, so that every retry names the same thing.</summary>
public static class CustomerIds
{
    private const string RedemptionPrefix = "red_";

    public static string OfRequest(string tenantId, string requestId) =>
        "cus_" + Hex(LedgerKey.Request(tenantId, requestId))[..24];

    public static string OfCard(CustomerKey? card) => card is null ? "" : "cus_" + card.Hash[..24];

    public static string Contact(string tenantId, string requestId) =>
        "con_" + Hex(LedgerKey.Request(tenantId, requestId))[..24];

    public static string Transfer(string tenantId, string requestId) =>
        "trf_" + Hex(LedgerKey.Request(tenantId, requestId))[..24];

    /// <summary>A redemption's id holds the whole key of its request: its commit is found by it.</summary>
    public static string Redemption(string tenantId, string requestId) =>
        RedemptionPrefix + Hex(LedgerKey.Request(tenantId, requestId));

    /// <summary>Null when the text is no redemption's id.</summary>
    public static LedgerKey? RequestOf(string redemptionId) =>
        redemptionId.Length == RedemptionPrefix.Length + 32
        && redemptionId.StartsWith(RedemptionPrefix, StringComparison.Ordinal)
        && UInt128.TryParse(redemptionId.AsSpan(RedemptionPrefix.Length), NumberStyles.AllowHexSpecifier, null, out var value)
            ? new LedgerKey(value)
            : null;

    /// <summary>Taken by the one reversal of a redemption.</summary>
    public static LedgerKey Reversal(string tenantId, string redemptionId) => LedgerKey.Of("points-reversal", tenantId, redemptionId);

    /// <summary>Taken by the redemption of points for one order.</summary>
    public static LedgerKey Order(string tenantId, string brandId, string source, string orderId) =>
        LedgerKey.Of("points-order", tenantId, brandId, source, orderId);

    private static string Hex(LedgerKey key) => key.Value.ToString("x32", CultureInfo.InvariantCulture);
}
