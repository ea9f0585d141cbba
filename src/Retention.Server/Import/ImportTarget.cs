using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using NodaTime;
using Retention.V1;

namespace Retention.Server.Import;

/// <summary>The tenant that takes the purchases: what a row leaves out is filled in from here.</summary>
/// <param name="Zone">Local times of the file are of this zone.</param>
/// <param name="BrandId">Empty: the server finds it by store or credential.</param>
public sealed record ImportTarget(string TenantId, string Currency, DateTimeZone Zone, string BrandId, string StoreId)
{
    private static readonly LocalTime Noon = new(12, 0);

    public Timestamp NoonOf(LocalDate date) => ToTimestamp(Zone.AtLeniently(date + Noon).ToInstant());

    public static Timestamp ToTimestamp(Instant at) => Timestamp.FromDateTimeOffset(at.ToDateTimeOffset());

    public Money Money(long minorUnits) => new() { CurrencyCode = Currency, MinorUnits = minorUnits };

    /// <summary>
    /// Names the request after all that it says: the same row sent again is the same request, a row that was changed
    /// is another one, whose purchase the server then finds used.
    /// </summary>
    public RecordPurchaseRequest Named(RecordPurchaseRequest purchase)
    {
        if (purchase.BrandId.Length == 0) purchase.BrandId = BrandId;
        if (purchase.StoreId.Length == 0) purchase.StoreId = StoreId;
        var digest = SHA256.HashData([.. Encoding.UTF8.GetBytes(TenantId), 0, .. purchase.ToByteArray()]);
        purchase.RequestId = "imp." + Convert.ToHexStringLower(digest.AsSpan(0, 16));
        return purchase;
    }
}
