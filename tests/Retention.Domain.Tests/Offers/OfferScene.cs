using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Customers;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Tests.Offers;

/// <summary>A chain in New York with customers anna and bert, and what its marketer and tills do.</summary>
public sealed class OfferScene
{
    public const string Tenant = "t-1";

    public static readonly Offer Spring = new(
        "off-1",
        "spring",
        "bread",
        OfferKind.GenericCode,
        "Save10",
        new Discount(100, 0, 0),
        new OfferConditions(0, [], [], false),
        OfferLimits.None,
        new OfferValidity(null, null, "", 0),
        0);

    private int requests;

    public OfferScene()
    {
        Books.Given(
            TenantGrains.Id(Tenant),
            new TenantCreated(Tenant, "Chain", "USD", "America/New_York", Noon(2017, 5, 1), Convert.ToBase64String(new byte[32])),
            new BrandCreated(new Brand("bread", "Bread")),
            new StoreCreated(new Store("s-1", "bread", "Store", "America/New_York", "", "")),
            new StoreCreated(new Store("s-2", "bread", "Store", "America/New_York", "", "")));
        Books.Given(CustomerGrains.Id(PartitionId.Tenant(Tenant), "anna"), new CustomerEnrolled([], null, []));
        Books.Given(CustomerGrains.Id(PartitionId.Tenant(Tenant), "bert"), new CustomerEnrolled([], null, []));
    }

    public Books Books { get; } = new();

    public static Instant Noon(int year, int month, int day) => At(new LocalDateTime(year, month, day, 12, 0));

    public static Instant At(LocalDateTime local) =>
        DateTimeZoneProviders.Tzdb["America/New_York"].AtLeniently(local).ToInstant();

    public void Now(Instant time) => Books.Given(TenantGrains.Id(Tenant), new ClockAdvanced(time));

    public Refusal? Create(Offer offer, string currency = "USD") =>
        Books.Ask(turn => OfferTurns.Create(turn, new CreateOffer(Tenant, offer, currency))).Refusal;

    public void Active(Offer offer)
    {
        Assert.Null(Create(offer));
        Books.Granted<OfferView>(turn => OfferTurns.Activate(turn, Tenant, offer.OfferId));
    }

    public TargetsAdded Target(string offerId, params string[] customers) => Books.Granted<TargetsAdded>(
        turn => OfferTargetTurns.Add(turn, new AddOfferTargets(Tenant, offerId, [.. customers])));

    public string Issue(string offerId, string customer = "")
    {
        var code = CouponCode.Of([(byte)++requests, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        return Books.Granted<CouponsIssued>(turn => OfferTurns.Issue(
            turn, new IssueCoupons(Tenant, offerId, customer, [code]))).Coupons.Single().Code;
    }

    /// <summary>Many coupons at once; their codes are computed.</summary>
    public CodeSeries Series(string offerId, int count)
    {
        var key = LedgerKey.Request(Tenant, $"series-{++requests}");
        return Books.Granted<CodeSeries>(
            turn => CodeSeriesTurns.Issue(turn, new IssueSeries(Tenant, offerId, CodeSeriesId.Of(key), count)), key);
    }

    public static RedeemCoupon Till(
        string code = "save10", string customer = "anna", string campaign = "", string store = "s-1", long? basket = null) =>
        new(Tenant, "", code, campaign, customer, store, basket is { } total ? new BasketSeen(total, "USD", ["cake"]) : null, "");

    public Decision Redeem(RedeemCoupon till)
    {
        var key = LedgerKey.Request(Tenant, $"req-{++requests}");
        return Books.Ask(turn => CouponTurns.Redeem(turn, till with { RedemptionId = RedemptionId.Of(key) }), key);
    }

    public CouponRedemption Redeemed(RedeemCoupon till)
    {
        var decision = Redeem(till);
        Assert.Null(decision.Refusal);
        return (CouponRedemption)decision.Reply!;
    }

    public RefusalReason? Refused(RedeemCoupon till) => Redeem(till).Refusal?.Reason;

    public CouponValidation Validate(RedeemCoupon till) =>
        Books.Granted<CouponValidation>(turn => CouponTurns.Validate(turn, till));

    public Decision Reverse(string redemptionId) => Books.Ask(
        turn => ReversalTurns.Reverse(turn, new ReverseCouponRedemption(Tenant, redemptionId, "RETURNED", "")),
        RedemptionId.Reversal(redemptionId));

    public Decision Return(string redemptionId, string returnId, params CouponReturnLine[] lines) => Books.Ask(
        turn => ReversalTurns.Reverse(
            turn, new ReverseCouponRedemption(Tenant, redemptionId, "RETURNED", returnId) { Lines = [.. lines] }),
        RedemptionId.PartReversal(redemptionId, returnId));

    public Decision Reserve(RedeemCoupon till, string order, long seconds = 900)
    {
        var key = LedgerKey.Request(Tenant, $"req-{++requests}");
        return Books.Ask(
            turn => ReservationTurns.Reserve(
                turn, new ReserveCoupon(till, ReservationId.Of(key), Duration.FromSeconds(seconds))),
            key,
            ReservationId.Order(Tenant, "", "pos", order));
    }

    public string Reserved(RedeemCoupon till, string order, long seconds = 900)
    {
        var decision = Reserve(till, order, seconds);
        Assert.Null(decision.Refusal);
        return ((CouponReservation)decision.Reply!).ReservationId;
    }

    public CouponRelease Released(string reservationId) =>
        Books.Granted<CouponRelease>(turn => ReservationTurns.Release(turn, Tenant, reservationId));

    /// <summary>The till names its order, which may have reserved.</summary>
    public static RedeemCoupon For(string order, RedeemCoupon till) =>
        till with { OrderReservation = ReservationId.Order(Tenant, "", "pos", order) };

    public OfferState State(string offerId) => Books.State<OfferState>(OfferGrains.OfferId(Tenant, offerId));
}
