using System.Globalization;
using Retention.Kernel;

namespace Retention.Domain.Coupons;

/// <summary>A reservation is named after the request that made it, as a redemption is: "rsv_" and 32 hex digits.</summary>
public static class ReservationId
{
    private const string Prefix = "rsv_";

    public static string Of(string tenantId, string requestId) => Of(LedgerKey.Request(tenantId, requestId));

    public static string Of(LedgerKey request) => Prefix + request.Value.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>The key of the commit that made it; null when the text names no reservation.</summary>
    public static LedgerKey? Key(string reservationId) =>
        reservationId.Length == Prefix.Length + 32
        && reservationId.StartsWith(Prefix, StringComparison.Ordinal)
        && UInt128.TryParse(
            reservationId.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? new LedgerKey(value)
            : null;

    /// <summary>A till's order reserves a coupon once. Apart from the key under which the order redeems it.</summary>
    public static LedgerKey Order(string tenantId, string brandId, string source, string orderId) =>
        LedgerKey.Order(tenantId, brandId, "reservation\0" + source, orderId);
}
