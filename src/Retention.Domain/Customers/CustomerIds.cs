using System.Globalization;
using Retention.Kernel;

namespace Retention.Domain.Customers;

/// <summary>Ids made here derive from what asked for them, so that every retry names the same thing.</summary>
public static class CustomerIds
{
    private const string RedemptionPrefix = "red_";
    private const string HoldPrefix = "hold_";

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

    /// <summary>A hold's id holds the whole key of its request, too.</summary>
    public static string Hold(string tenantId, string requestId) =>
        HoldPrefix + Hex(LedgerKey.Request(tenantId, requestId));

    /// <summary>Null when the text is no redemption's id.</summary>
    public static LedgerKey? RequestOf(string redemptionId) => RequestOf(redemptionId, RedemptionPrefix);

    /// <summary>Null when the text is no hold's id.</summary>
    public static LedgerKey? RequestOfHold(string holdId) => RequestOf(holdId, HoldPrefix);

    /// <summary>Taken by the one reversal of a redemption.</summary>
    public static LedgerKey Reversal(string tenantId, string redemptionId) => LedgerKey.Of("points-reversal", tenantId, redemptionId);

    /// <summary>Taken by the redemption of points for one order.</summary>
    public static LedgerKey Order(string tenantId, string brandId, string source, string orderId) =>
        LedgerKey.Of("points-order", tenantId, brandId, source, orderId);

    private static LedgerKey? RequestOf(string id, string prefix) =>
        id.Length == prefix.Length + 32
        && id.StartsWith(prefix, StringComparison.Ordinal)
        && UInt128.TryParse(id.AsSpan(prefix.Length), NumberStyles.AllowHexSpecifier, null, out var value)
            ? new LedgerKey(value)
            : null;

    private static string Hex(LedgerKey key) => key.Value.ToString("x32", CultureInfo.InvariantCulture);
}
