using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using NodaTime;
using Retention.Server.Client;
using Retention.V1;

namespace Retention.Server.Demo;

/// <summary>One tenant of the demo, with its one brand and store, and the calls that are made in its name.</summary>
public sealed class DemoTenant(string tenantId, string brandId, RpcClient client)
{
    public const string Source = "demo";
    public const string Currency = "USD";
    public const string TimeZone = "America/New_York";
    public const string StoreId = "main";
    public const string TillId = "till-1";
    public const string CashierId = "cashier-1";
    public const long BasketMinorUnits = 1000;
    public static readonly DateTimeZone Zone = DateTimeZoneProviders.Tzdb[TimeZone];

    public string TenantId => tenantId;

    public string BrandId => brandId;

    public static Money Dollars(long minorUnits) => new() { CurrencyCode = Currency, MinorUnits = minorUnits };

    public static Timestamp At(LocalDateTime local) =>
        Timestamp.FromDateTimeOffset(Zone.AtLeniently(local).ToDateTimeOffset());

    public static LocalDate DateOf(Timestamp at) => Instant.FromDateTimeOffset(at.ToDateTimeOffset()).InZone(Zone).Date;

    /// <summary>Calls "Service/Method".</summary>
    public Task<TReply> Call<TReply>(string method, IMessage request, CancellationToken stop)
        where TReply : IMessage<TReply>, new() => client.Call<TReply>("retention.v1." + method, request, stop);

    /// <summary>What the tenant is told of one agreement, up to now.</summary>
    public async IAsyncEnumerable<WatchJournalResponse> FeedAsync(
        string agreementId, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        using var stream = client.Open<WatchJournalRequest, WatchJournalResponse>("retention.v1.FeedService/WatchJournal", stop);
        await stream.WriteAsync(new WatchJournalRequest { UntilNow = true, AgreementId = agreementId });
        stream.Complete();
        while (await stream.ReadAsync() is { } message)
        {
            yield return message;
        }
    }

    public Task AdvanceClockAsync(LocalDateTime to, CancellationToken stop) => Call<AdvanceClockResponse>(
        "TenantService/AdvanceClock",
        new AdvanceClockRequest { RequestId = RequestIds.Of("clock", $"{to:uuuu-MM-dd.HH.mm.ss}"), ToTime = At(to) },
        stop);

    public Task EnrollAsync(string household, CancellationToken stop) => Call<EnrollCustomerResponse>(
        "CustomerService/EnrollCustomer",
        new EnrollCustomerRequest
        {
            RequestId = RequestIds.Of("enroll", household),
            CustomerId = household,
            StoreId = StoreId,
            TillId = TillId,
            CashierId = CashierId,
        },
        stop);

    /// <summary>Reports a purchase of 10.00 that may give coupons.</summary>
    public Task BuyAsync(JointEvent happened, CancellationToken stop) => Call<RecordPurchaseResponse>(
        "PurchaseService/RecordPurchase",
        new RecordPurchaseRequest
        {
            RequestId = PurchaseId(happened),
            CustomerId = happened.Household,
            PurchaseId = PurchaseId(happened),
            Source = Source,
            StoreId = StoreId,
            Total = Dollars(BasketMinorUnits),
            TillId = TillId,
            CashierId = CashierId,
        },
        stop);

    /// <summary>Brings the whole purchase back.</summary>
    public Task ReturnAsync(JointEvent happened, CancellationToken stop) => Call<ReturnPurchaseResponse>(
        "PurchaseService/ReturnPurchase",
        new ReturnPurchaseRequest
        {
            RequestId = RequestIds.Of("return", PurchaseId(happened)),
            Source = Source,
            PurchaseId = PurchaseId(happened),
            ReturnId = RequestIds.Of("return", PurchaseId(happened)),
            Reason = "demo",
            StoreId = StoreId,
            TillId = TillId,
            CashierId = CashierId,
        },
        stop);

    /// <summary>Redeems a code on a basket of 10.00, or of the coupon's worth where that is more.</summary>
    public Task<RedeemCouponResponse> RedeemAsync(RedeemCouponRequest what, long worth, CancellationToken stop)
    {
        what.Source = Source;
        what.StoreId = StoreId;
        what.TillId = TillId;
        what.CashierId = CashierId;
        what.OrderId = what.RequestId;
        what.Basket = new Basket { Total = Dollars(Math.Max(BasketMinorUnits, worth)) };
        return Call<RedeemCouponResponse>("CouponService/RedeemCoupon", what, stop);
    }

    /// <summary>The customer's open joint coupons for a brand, oldest first.</summary>
    public async Task<IReadOnlyList<Coupon>> OpenCouponsAsync(string household, string forBrand, CancellationToken stop)
    {
        var open = new List<Coupon>();
        var request = new ListCouponsRequest { CustomerId = household, PageSize = 500 };
        do
        {
            var page = await Call<ListCouponsResponse>("CouponService/ListCoupons", request, stop);
            open.AddRange(page.Coupons.Where(coupon => coupon.AgreementId.Length > 0
                && coupon.RedeemingBrandId == forBrand
                && coupon.Status == CouponStatus.Open));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return open;
    }

    private static string PurchaseId(JointEvent happened) =>
        RequestIds.Of("sale", $"{happened.Date:uuuu-MM-dd}", happened.Household);
}
