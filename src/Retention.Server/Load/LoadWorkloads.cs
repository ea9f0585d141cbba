using Google.Protobuf;
using Retention.V1;

namespace Retention.Server.Load;

/// <summary>The messages of each operation. What a number stands for is fixed, so that a repeat is the same request.</summary>
internal static class LoadWorkloads
{
    public const string Currency = "EUR";
    public const string BrandId = "load";
    public const string StoreId = "load-1";

    private static readonly DigitField Number = new(1, number => number);

    public static Workload Echo() => new(
        "/retention.v1.DiagnosticsService/Echo",
        new PreparedMessage(new EchoRequest { Payload = ByteString.CopyFromUtf8("0123456789") }));

    /// <summary>Enrolls the customers with these numbers.</summary>
    public static Workload Enroll(IEnumerable<long> numbers) => new(
        "/retention.v1.CustomerService/EnrollCustomer",
        new PreparedMessage(
            new EnrollCustomerRequest
            {
                RequestId = $"load.enroll.{Number}", CustomerId = CustomerId(Number.ToString()), StoreId = StoreId,
                TillId = "1", CashierId = "1",
            },
            Number),
        numbers);

    /// <summary>A sale of one line to a random customer; the run gives all its ids a prefix of their own.</summary>
    public static Workload Purchase(string run, long customers)
    {
        var customer = AnyOf(customers);
        var price = new Money { CurrencyCode = Currency, MinorUnits = 1990 };
        return new Workload(
            "/retention.v1.PurchaseService/RecordPurchase",
            new PreparedMessage(
                new RecordPurchaseRequest
                {
                    RequestId = $"load.{run}.{Number}", CustomerId = CustomerId(customer.ToString()),
                    PurchaseId = $"{run}.{Number}", Source = "load", StoreId = StoreId, TillId = "1", CashierId = "1",
                    Lines = { new Line { LineId = "1", ProductId = "p-1", Category = "load", Quantity = 1, Amount = price } },
                    Total = price,
                },
                Number,
                customer));
    }

    public static Workload Balance(long customers)
    {
        var customer = AnyOf(customers);
        return new Workload(
            "/retention.v1.LoyaltyService/GetBalance",
            new PreparedMessage(new GetBalanceRequest { CustomerId = CustomerId(customer.ToString()) }, customer));
    }

    /// <summary>A redemption of one code by whoever bears it, each with an order of its own.</summary>
    public static Workload Redemption(string code, long most) => new(
        "/retention.v1.CouponService/RedeemCoupon",
        new PreparedMessage(
            new RedeemCouponRequest
            {
                RequestId = $"load.{code}.{Number}", Code = code, CampaignId = code, OrderId = $"{code}.{Number}",
                Source = "load", StoreId = StoreId, TillId = "1", CashierId = "1",
            },
            Number),
        most: most);

    /// <summary>
    /// A question about one of many coupons, for a basket of 10.00; successive ones are far apart, and each run asks for
    /// others, which the server's memory does not know.
    /// </summary>
    public static Workload Validation(CodeTable codes)
    {
        var first = Random.Shared.NextInt64(long.MaxValue / 2);
        var code = new CodeField(codes, number => (int)(Scatter((ulong)(first + number)) % (ulong)codes.Count));
        return new Workload(
            "/retention.v1.CouponService/ValidateCoupon",
            new PreparedMessage(
                new ValidateCouponRequest
                {
                    Code = code.ToString(),
                    StoreId = StoreId,
                    Basket = new Basket { Total = new Money { CurrencyCode = Currency, MinorUnits = 1000 } },
                },
                code));
    }

    /// <summary>Each coupon is redeemed once, with an order of its own.</summary>
    public static Workload Redemptions(string run, CodeTable codes)
    {
        var code = new CodeField(codes, number => (int)number);
        return new Workload(
            "/retention.v1.CouponService/RedeemCoupon",
            new PreparedMessage(
                new RedeemCouponRequest
                {
                    RequestId = $"load.{run}.{Number}", Code = code.ToString(), OrderId = $"{run}.{Number}",
                    Source = "load", StoreId = StoreId, TillId = "1", CashierId = "1",
                },
                Number,
                code),
            most: codes.Count);
    }

    public static string CustomerId(long number) => CustomerId(Number.Text(number));

    private static string CustomerId(string digits) => "c" + digits;

    // The same number always meets the same customer, and successive ones meet customers far apart.
    private static DigitField AnyOf(long customers) => new(2, number => (long)(Scatter((ulong)number) % (ulong)customers));

    // The finaliser of SplitMix64.
    private static ulong Scatter(ulong value)
    {
        unchecked
        {
            value += 0x9E3779B97F4A7C15;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
