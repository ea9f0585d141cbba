using System.Buffers;
using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Offline;
using Retention.Kernel;

namespace Retention.Domain.Tests.Agreements;

/// <summary>
/// Facts of offers, coupons, agreements and accounts are stored for ever: what is in the golden files must be read,
/// and written the same, by every version.
/// </summary>
public sealed class StoredFactTests
{
    private const string Coupon = "cpn_0123456789abcdef01234567";
    private const string Reservation = "rsv_0123456789abcdef0123456789abcdef";
    private const string Redemption = "red_0123456789abcdef0123456789abcdef";

    private static readonly Instant At = Instant.FromUtc(2017, 5, 1, 16, 0);
    private static readonly Instant End = Instant.FromUtc(2017, 6, 1, 4, 0);
    private static readonly LocalDate On = new(2017, 5, 1);
    private static readonly LocalDate EndsOn = new(2017, 5, 31);

    private static readonly Offer Offer = new(
        "off-1",
        "spring",
        "bread",
        OfferKind.GenericCode,
        "SAVE10",
        new Discount(100, 0, 0),
        new OfferConditions(500, ["cake"], ["s-1"], true),
        new OfferLimits(10, 2, 5, 1000),
        new OfferValidity(On, EndsOn, "America/New_York", 0),
        5000);

    private static readonly Offer Rich = Offer with
    {
        Discount = new Discount(0, 0, 0) { PricedProductId = "p-1", PriceMinorUnits = 99, PricedUnitsMax = 2 },
        Conditions = Offer.Conditions with
        {
            ProductIds = ["p-1"],
            Times = new OfferTimes([6, 7], 540, 1200),
            FirstPurchase = true,
            Bins = ["4000"],
        },
        Limits = Offer.Limits with { PerCustomerPeriod = 1, Period = LimitPeriod.Week, PerStore = 3 },
        Offline = new OfflineTerms(500, 3600),
        Changes = 1,
    };

    private static readonly AgreementTerms RichTerms = JointScene.Terms with
    {
        Categories = ["cake"],
        NoticeDays = 3,
        SettlesAtSale = true,
        ConfirmWithinSeconds = 3600,
        ClawBackDaysAfterEnd = 40,
        DueDays = 14,
        DisputeDays = 20,
        DisputeAnswerDays = 10,
        Fees = [new FeeTerms(FeeTrigger.Issue, true, 5, 0), new FeeTerms(FeeTrigger.Redemption, false, 0, 1000)],
        Tax = new TaxTerms(TaxTreatment.Exclusive, 2100, true),
        Credit = new CreditTerms(5000, 7000),
        Caps = new CapTerms(100, 200, 3, 4, 5),
        Offline = new JointOfflineTerms(150, 7200, true),
    };

    private static readonly (IGrainKind Kind, object Fact)[] Examples =
    [
        (OfferGrains.Offer, new OfferCreated(Offer, At)),
        (OfferGrains.Offer, new OfferTargetsAdded(3, At)),
        (OfferGrains.Offer, new OfferTargetsListed(3, At)),
        (OfferGrains.Offer, new OfferActivated(At)),
        (OfferGrains.Offer, new Domain.Offers.OfferPaused(At)),
        (OfferGrains.Offer, new OfferCouponsIssued(2, At) { Reserve = new IssueReserve(200, End) }),
        (OfferGrains.Offer, new OfferCouponVoided(Coupon, At) { Unreserved = new IssueReserve(100, End) }),
        (OfferGrains.Offer, new OfferRedeemed(Redemption, "cus_1", 100, On, At)),
        (OfferGrains.Offer, new OfferRedemptionReversed(Redemption, 100, On, "RETURNED", "ret-1", At)),
        (OfferGrains.Offer, new OfferRedemptionReduced(Redemption, 40, "RETURNED", "ret-1", At)),
        (OfferGrains.Offer, new OfferUpdated(Rich, At)),
        (OfferGrains.Offer, new OfferBudgetReached(80, 4000, 5000, At)),
        (OfferGrains.Offer, new OfferReserved(Reservation, "cus_1", 100, "0123456789ABCDEFGX", End, At)),
        (OfferGrains.Offer, new OfferReservationReleased(Reservation, At)),
        (OfferGrains.Use, new UseTargeted(At)),
        (OfferGrains.Use, new UseRedeemed(Redemption)),
        (OfferGrains.Use, new UseReversed(Redemption)),
        (OfferGrains.Targets, new TargetsListed(["anna", "bert"])),
        (OfferGrains.Targets, new TargetsMoved(["bert"])),
        (OfferGrains.Use, new UseReserved(Reservation, End, At)),
        (OfferGrains.Use, new UseReservationReleased(Reservation)),
        (OfferGrains.Code, new CodeOffered("off-1", "spring")),
        (OfferGrains.Directory, new OfferListed("off-1")),
        (OfferGrains.Directory, new OfferCounted()),
        (OfferGrains.Coupon, new CouponIssued("off-1", "cus_1", End, At)),
        (OfferGrains.Coupon, new CouponVoided("misprint", At)),
        (OfferGrains.Coupon, new CouponRedeemed(Redemption, 100, At)),
        (OfferGrains.Coupon, new CouponReversed(Redemption, At)),
        (OfferGrains.Coupon, new CouponReserved(Reservation, End, At)),
        (OfferGrains.Coupon, new CouponReservationReleased(Reservation, At)),
        (OfferGrains.Redemption, new RedemptionSpread([new RedeemedLine("1", 2, 500, 50)], At)),
        (OfferGrains.Redemption, new RedemptionLinesReturned([new LineBack("1", 1, 250, 25)], "ret-1", At)),
        (OfferGrains.Redemption, new RedemptionClosed(At)),
        (OfferGrains.Redemption, new RedemptionStacked("agr-1", 150, At)),
        (OfferGrains.Series, new CodeSeriesIssued("off-1", "SPR17", 1_000_000, End, At)),
        (OfferGrains.Series, new CodeSeriesCounted()),
        (OfferGrains.Wallet, new WalletFilled("0123456789ABCDEFGX")),
        (OfflineGrains.SigningKeys, new SigningKeyMade("key_1", "c3BraQ==", "c2VhbGVk", "first", At)),
        (OfflineGrains.SigningKeys, new SigningKeyRevoked("key_1", At)),
        (OfflineGrains.Book, new OfflineAccepted(Redemption, 100, "pos", "o-1", At, End)),
        (OfflineGrains.Book, new OfflineConflictCounted(100, End)),
        (OfflineGrains.Book, new OfflineConflicted(new OfflineConflict(
            1, Coupon, "off-1", "pos", "o-1", "s-1", "till-1", ["ALREADY_REDEEMED"], 100, LossParty.Tenant, At, End))),
        (AgreementGrains.Agreement, new AgreementProposed(
            "agr-1",
            new Party("bakery", "bread"),
            new Party("shoes", "boots"),
            JointScene.Terms with { Categories = ["cake"] },
            1,
            "a2V5",
            "a2V5MQ==",
            "a2V5Mg==",
            true) { At = At }),
        (AgreementGrains.Agreement, new AgreementAccepted(Side.Second, 1) { At = At }),
        (AgreementGrains.Agreement, new AgreementAmended(
            Side.Second, RichTerms, 2)
        { At = At }),
        (AgreementGrains.Agreement, new AgreementPaused(Side.First) { At = At }),
        (AgreementGrains.Agreement, new AgreementResumed(Side.First) { At = At }),
        (AgreementGrains.Agreement, new AgreementEnded(Side.Second) { At = At, EndsAt = End }),
        (AgreementGrains.Coupon, new JointCouponIssued("1", "c0ffee", "c2VhbGVk", 199, 1, EndsOn, End) { At = At }),
        (AgreementGrains.Coupon, new JointCouponRedeemed(Redemption, 199, 66, On) { At = At }),
        (AgreementGrains.Coupon, new JointCouponReserved(Reservation, End) { At = At }),
        (AgreementGrains.Coupon, new JointCouponReleased(Reservation) { At = At }),
        (AgreementGrains.Coupon, new JointStackHeld(Redemption, "c0ffee", End) { At = At }),
        (AgreementGrains.Coupon, new JointStackReleased(Redemption) { At = At }),
        (AgreementGrains.Coupon, new JointCouponReopened(Redemption, "RETURNED", "ret-1") { At = At }),
        (AgreementGrains.Coupon, new JointCouponVoided("", "TRIGGER_RETURNED", "") { At = At }),
        (AgreementGrains.Coupon, new JointTriggerReturned(true) { At = At }),
        (AgreementGrains.Use, new JointUseOpened(Coupon, End, On) { At = At }),
        (AgreementGrains.Use, new JointUseReopened(Coupon, End) { At = At }),
        (AgreementGrains.Use, new JointUseClosed(Coupon) { At = At }),
        (AgreementGrains.Account, new AccountOpened("USD") { At = At, On = On }),
        (AgreementGrains.Account, new IssueCounted("1", Coupon, EndsOn, 199) { At = At, On = On }),
        (AgreementGrains.Account, new IssueSuppressed("1", SuppressionReason.MaxOpenPerCustomer) { At = At, On = On }),
        (AgreementGrains.Account, new VoidCounted("1", Coupon, EndsOn, 199) { At = At, On = On }),
        (AgreementGrains.Account, Entry(new RedemptionCleared(EndsOn, 199, 199), 1, 66)),
        (AgreementGrains.Account, Entry(new ReversalCleared(EndsOn, 199, true), 2, -66)),
        (AgreementGrains.Account, Entry(new ClawBackCleared(), 3, -66)),
        (AgreementGrains.Coupon, new JointSaleSeen(Redemption, "5a1e") { At = At }),
        (AgreementGrains.Coupon, new JointCreditTakenBack(Redemption, 33) { At = At }),
        (AgreementGrains.Coupon, new JointCreditGivenBack(Redemption, 33) { At = At }),
        (AgreementGrains.Mark, new AccountMarked(512)),
        (AgreementGrains.Account, Entry(
            new RedemptionPending(EndsOn, 199, 199, End) { ReservedMinorUnits = 66 }, 4, 66, Book.Provisional)),
        (AgreementGrains.Account, Entry(new RedemptionConfirmed(true), 5, 66)),
        (AgreementGrains.Account, Entry(new RedemptionUnconfirmed(), 6, -66, Book.Provisional)),
        (AgreementGrains.Account, Entry(new SaleReturnCleared(500, 1000), 7, -33)),
        (AgreementGrains.Account, Entry(new FeeCleared(FeeTrigger.Issue) { TaxIncludedMinorUnits = 2 }, 8, -10)),
        (AgreementGrains.Account, Entry(new TaxCleared(8, 2100), 8, -2)),
        (AgreementGrains.Account, Entry(new FeeReversed(), 9, 10)),
        (AgreementGrains.Account, new SettlementRecorded(new OpenSettlement(
            "set_1", Side.First, 100, On, "E2E 7|8", At)) { At = At, On = On }),
        (AgreementGrains.Account, Entry(new SettlementConfirmed("set_1", Side.First, On, "E2E 7|8"), 10, -100)),
        (AgreementGrains.Account, Entry(
            new DisputeOpened("dis_1", 1, Side.First, -66, "NOT_OURS", "The till was closed.", End), 11, 0)),
        (AgreementGrains.Account, new RateRecorded(new ExchangeRate(On, 10_000, 42_345, "ECB"), Side.Second) { At = At, On = On }),
        (AgreementGrains.Account, Entry(new DisputeResolved("dis_1", 1, DisputeOutcome.Accepted, "Agreed."), 12, -66)),
    ];

    public static TheoryData<string> Names => new(Examples.Select(example => example.Fact.GetType().Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_fact_is_stored_as_its_golden_file_says(string name)
    {
        var (kind, fact) = Examples.Single(example => example.Fact.GetType().Name == name);

        var golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", $"{kind.Name}.{name}.json")).TrimEnd();

        Assert.Equal(golden, Encode(kind, fact));
        Assert.Equal(golden, Encode(kind, kind.DecodeFact(Encoding.UTF8.GetBytes(golden))));
    }

    [Fact]
    public void Every_fact_has_a_golden_file()
    {
        Type[] families =
        [
            typeof(OfferFact), typeof(OfferUseFact), typeof(TargetListFact), typeof(CodeFact), typeof(OfferDirectoryFact),
            typeof(CouponFact), typeof(WalletFact), typeof(RedemptionFact), typeof(CodeSeriesFact), typeof(SigningKeyFact), typeof(OfflineFact), typeof(AgreementFact), typeof(JointCouponFact), typeof(JointUseFact), typeof(AccountFact), typeof(AccountMarkFact),
        ];
        var stored = families
            .SelectMany(family => family.GetCustomAttributes<JsonDerivedTypeAttribute>())
            .Select(attribute => attribute.DerivedType.Name);
        var declared = families
            .SelectMany(family => family.Assembly.GetTypes().Where(type => type.IsSubclassOf(family) && !type.IsAbstract))
            .Select(type => type.Name);

        Assert.Equal(Examples.Select(example => example.Fact.GetType().Name).Order(), stored.Order());
        Assert.Equal(Examples.Select(example => example.Fact.GetType().Name).Order(), declared.Order());
    }

    [Fact]
    public void A_redemption_of_a_hot_code_stores_less_than_200_bytes_per_grain()
    {
        var (offer, use) = (new OfferRedeemed(Redemption, "customer-0123456", 100, null, At), new UseRedeemed(Redemption));

        Assert.InRange(Encode(OfferGrains.Offer, offer).Length, 1, 200);
        Assert.InRange(Encode(OfferGrains.Use, use).Length, 1, 100);
    }

    private static EntryFact Entry(EntryFact fact, long number, long credit, Book book = Book.Net) => fact with
    {
        At = At,
        On = On,
        Number = number,
        LegId = "1",
        CouponId = Coupon,
        Redemption = Redemption,
        TermsVersion = 1,
        Postings = [new Posting(Side.Second, credit, book), new Posting(Side.First, -credit, book)],
    };

    private static string Encode(IGrainKind kind, object fact)
    {
        var bytes = new ArrayBufferWriter<byte>();
        kind.EncodeFact(fact, bytes);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
