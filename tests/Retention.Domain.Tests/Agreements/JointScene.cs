using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Domain.Customers;
using Retention.Domain.Links;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Tests.Agreements;

/// <summary>A bakery and a shoe shop, two tenants with a customer anna each, on virtual clocks in New York.</summary>
public sealed class JointScene
{
    public const string Bakery = "bakery";
    public const string Shoes = "shoes";
    public const string Stranger = "stranger";
    public const string Id = "agr-1";

    public static readonly DateTimeZone Zone = DateTimeZoneProviders.Tzdb["America/New_York"];

    public static readonly AgreementTerms Terms = new(
        199, "USD", 0, [], 30, 1, 0, 3333, false, "America/New_York", true, 0, false, true, 0);

    private int requests;

    public JointScene()
    {
        Tenant(Bakery, "bread", 1);
        Tenant(Shoes, "boots", 2);
        Tenant(Stranger, "hats", 3);
    }

    public Books Books { get; } = new();

    public Instant Now { get; private set; } = Noon(2017, 5, 1);

    public static Instant Noon(int year, int month, int day) => At(new LocalDateTime(year, month, day, 12, 0));

    public static Instant At(LocalDateTime local) => Zone.AtLeniently(local).ToInstant();

    public static Instant LastInstantOf(int year, int month, int day) =>
        Zone.AtStartOfDay(new LocalDate(year, month, day).PlusDays(1)).ToInstant() - Duration.FromNanoseconds(1);

    public JointScene Active(AgreementTerms terms)
    {
        Assert.Null(Propose(terms).Refusal);
        Assert.Null(Accept(Shoes).Refusal);
        Books.Deliver();
        return this;
    }

    public JointScene Active() => Active(Terms);

    public void Move(Instant time)
    {
        Now = time;
        foreach (var tenant in (string[])[Bakery, Shoes, Stranger])
        {
            Books.Given(TenantGrains.Id(tenant), new ClockAdvanced(time));
        }
    }

    /// <summary>Which the shoe shop's books are kept in.</summary>
    public string ShoesCurrency { get; init; } = "USD";

    public string CurrencyOf(string tenant) => tenant == Shoes ? ShoesCurrency : "USD";

    /// <param name="currency">Null: the tenant's.</param>
    public Asker Asks(string tenant, string? currency = null) => new(tenant, "", currency ?? CurrencyOf(tenant), Now, true)
    {
        EntityId = Entity, Brands = TenantOf(tenant).Brands,
    };

    /// <summary>The company of the store that asks; null: the tenant itself.</summary>
    public string? Entity { get; set; }

    public Decision Propose(AgreementTerms terms, string by = Bakery, string id = Id) => Books.Ask(turn =>
        AgreementTurns.Propose(turn, Asks(by), new ProposeAgreement(
            id, new Party(Bakery, "bread"), new Party(Shoes, "boots"), terms, Key(7), Key(8), Key(9))));

    public Decision Accept(string by, int version = 1, string? currency = null) =>
        Books.Ask(turn => AgreementTurns.Accept(turn, Asks(by, currency), Id, version));

    public Decision Amend(string by, AgreementTerms terms, string? currency = null) =>
        Books.Ask(turn => AmendmentTurns.Amend(turn, Asks(by, currency), Id, terms));

    /// <summary>The source of the terms gives a rate for a day.</summary>
    public Decision Rate(string by, LocalDate on, long units, long counterUnits, string source = "ECB") => Books.Ask(
        turn => RateTurns.Record(turn, Asks(by), Id, new ExchangeRate(on, units, counterUnits, source)));

    public Decision Pause(string by) => Books.Ask(turn => AgreementTurns.Pause(turn, Asks(by), Id));

    public Decision Resume(string by) => Books.Ask(turn => AgreementTurns.Resume(turn, Asks(by), Id));

    /// <summary>Where the agreement stands, and when it closes as far as is known.</summary>
    public AgreementView Standing =>
        (AgreementView)Books.Ask(turn => AgreementTurns.Get(turn, Asks(Bakery), Id)).Reply!;

    /// <summary>As the bakery sees it.</summary>
    public StatementView Statement(int year, int month) => (StatementView)Books.Ask(
        turn => ClearingTurns.Statement(turn, Asks(Bakery), Id, new LocalDate(year, month, 1))).Reply!;

    /// <summary>Null: there is none of that month.</summary>
    public StatementView? FindStatement(LocalDate month) => Books.Ask(
        turn => ClearingTurns.Statement(turn, Asks(Bakery), Id, month)).Reply as StatementView;

    public Decision End(string by) => Books.Ask(turn => AgreementTurns.End(turn, Asks(by), Id));

    /// <summary>A purchase and all that follows of it.</summary>
    public void Buy(string tenant, string purchaseId, string customer = "anna")
    {
        SendPurchase(tenant, purchaseId, customer);
        Books.Deliver();
    }

    public void SendPurchase(string tenant, string purchaseId, string customer = "anna") => Books.Send(
        PartitionId.Tenant(tenant), JointTriggers.ForPurchase(TenantOf(tenant), tenant, Seen(tenant, purchaseId, customer)));

    public void Return(string tenant, string purchaseId, string customer = "anna")
    {
        var seen = Seen(tenant, purchaseId, customer);
        Books.Send(
            PartitionId.Tenant(tenant),
            JointTriggers.ForReturn(TenantOf(tenant), tenant, new ReturnSeen(seen, 0, [], true, Now)));
        Books.Deliver();
    }

    public IReadOnlyList<string> Wallet(string tenant, string customer = "anna") =>
    [
        .. Books.State<CustomerState>(CustomerGrains.Id(PartitionId.Tenant(tenant), customer)).Wallet
            .Select(coupon => coupon.Code),
    ];

    public Decision Redeem(string tenant, string code, long? basket = null, string campaign = "", string customer = "")
    {
        var key = LedgerKey.Request(tenant, $"req-{++requests}");
        var till = new RedeemCoupon(
            tenant, "", code, campaign, "", "", basket is { } total ? new BasketSeen(total, CurrencyOf(tenant), []) : null, RedemptionId.Of(key));
        var decision = Books.Ask(turn => JointCouponTurns.Redeem(turn, Names(tenant, customer), Id, till), key);
        Books.Deliver();
        return decision;
    }

    /// <summary>A basket of lines of so much each, in so many pieces.</summary>
    public Decision RedeemLines(string tenant, string code, params (long Amount, long Quantity)[] lines)
    {
        var key = LedgerKey.Request(tenant, $"req-{++requests}");
        var basket = new BasketSeen(lines.Sum(line => line.Amount), CurrencyOf(tenant), [])
        {
            Lines = [.. lines.Select((line, index) => new BasketLine($"{index}", "", "", line.Quantity, line.Amount))],
        };
        var till = new RedeemCoupon(tenant, "", code, "", "", "", basket, RedemptionId.Of(key));
        var decision = Books.Ask(turn => JointCouponTurns.Redeem(turn, Asks(tenant), Id, till), key);
        Books.Deliver();
        return decision;
    }

    /// <param name="by">The reservation of the asker's order; empty: none.</param>
    public Decision RedeemReserved(string tenant, string code, string by)
    {
        var key = LedgerKey.Request(tenant, $"req-{++requests}");
        var till = new RedeemCoupon(tenant, "", code, "", "", "", null, RedemptionId.Of(key)) { ReservationId = by };
        var decision = Books.Ask(turn => JointCouponTurns.Redeem(turn, Asks(tenant), Id, till), key);
        Books.Deliver();
        return decision;
    }

    /// <summary>Named after its request, as in the product.</summary>
    public (string Id, Decision Decision) Reserve(string tenant, string code, Duration ttl)
    {
        var key = LedgerKey.Request(tenant, $"req-{++requests}");
        var till = new RedeemCoupon(tenant, "", code, "", "", "", null, "");
        var id = ReservationId.Of(key);
        return (id, Books.Ask(
            turn => JointReservationTurns.Reserve(turn, Asks(tenant), Id, new ReserveCoupon(till, id, ttl)), key));
    }

    public Decision Release(string tenant, string reservation) =>
        Books.Ask(turn => JointReservationTurns.Release(turn, Asks(tenant), Id, reservation));

    /// <summary>A till that names its customer.</summary>
    private Asker Names(string tenant, string customer) => Asks(tenant) with
    {
        Customer = TenantOf(tenant).Agreements.TryGetValue(Id, out var agreement)
            ? CustomerLinks.PseudonymsOf(agreement, customer)
            : [],
    };

    public string Redeemed(string tenant, string code)
    {
        var decision = Redeem(tenant, code);
        Assert.Null(decision.Refusal);
        return ((CouponRedemption)decision.Reply!).RedemptionId;
    }

    public Decision Reverse(string tenant, string redemptionId)
    {
        var decision = Books.Ask(
            turn => JointReversalTurns.Reverse(
                turn, Asks(tenant), Id, new ReverseCouponRedemption(tenant, redemptionId, "RETURNED", "")),
            RedemptionId.Reversal(redemptionId));
        Books.Deliver();
        return decision;
    }

    /// <summary>Some of the lines come back; each return once.</summary>
    public Decision ReverseLines(string tenant, string redemptionId, string returnId, params CouponReturnLine[] lines)
    {
        var decision = Books.Ask(
            turn => JointReversalTurns.Reverse(
                turn, Asks(tenant), Id, new ReverseCouponRedemption(tenant, redemptionId, "RETURNED", returnId) { Lines = [.. lines] }),
            RedemptionId.PartReversal(redemptionId, returnId));
        Books.Deliver();
        return decision;
    }

    /// <summary>The sale that used a coupon arrives at the tenant, and what follows of it.</summary>
    public void Sell(string tenant, string purchaseId, string redemptionId, long total = 1000)
    {
        var sale = Seen(tenant, purchaseId, "anna") with { TotalMinorUnits = total };
        Books.Send(
            PartitionId.Tenant(tenant),
            JointSales.ForPurchase(TenantOf(tenant), [new JointRedemption(Id, redemptionId)], sale));
        Books.Deliver();
    }

    /// <summary>A purchase that used a coupon, and all that follows of it.</summary>
    public void BuyWith(string tenant, string purchaseId, string redemptionId)
    {
        var used = new JointRedemption(Id, redemptionId);
        var seen = Seen(tenant, purchaseId, "anna") with { Redemptions = [used] };
        Books.Send(PartitionId.Tenant(tenant), JointSales.ForPurchase(TenantOf(tenant), [used], seen));
        Books.Send(PartitionId.Tenant(tenant), JointTriggers.ForPurchase(TenantOf(tenant), tenant, seen));
        Books.Deliver();
    }

    /// <param name="returned">Of the sale, with all returns so far.</param>
    /// <param name="isWhole">Null: where all of the amount is back.</param>
    public void ReturnSale(
        string tenant, string purchaseId, string redemptionId, long returned, long total = 1000, bool? isWhole = null)
    {
        var sale = Seen(tenant, purchaseId, "anna") with { TotalMinorUnits = total };
        Books.Send(PartitionId.Tenant(tenant), JointSales.ForReturn(
            TenantOf(tenant), [new JointRedemption(Id, redemptionId)], sale, returned, isWhole ?? returned == total, Now));
        Books.Deliver();
    }

    /// <summary>The lines of all entries, as they are hashed.</summary>
    public IReadOnlyList<ClearingLine> Lines =>
    [
        .. Books.Journal.Select(change => change.Fact).OfType<EntryFact>().Where(entry => entry.Number > 0)
            .Select(entry => ClearingLine.Of("USD", entry)),
    ];

    public AgreementState Agreement => Books.State<AgreementState>(AgreementGrains.AgreementId(Id));

    /// <summary>The account as it is now.</summary>
    public AccountState Account =>
        Books.State<AccountState>(AgreementGrains.AccountId(Id)).Until(Agreement, Now);

    /// <summary>Issued, consumed, expired, open, voided, clawed back.</summary>
    public (long, long, long, long, long, long) Counts(string legId)
    {
        var leg = Account.LegOf(legId);
        return (leg.Issued, leg.Consumed, leg.Expired, leg.Open, leg.Voided, leg.ClawedBack);
    }

    public TenantState TenantOf(string tenant) => Books.State<TenantState>(TenantGrains.Id(tenant));

    public IEnumerable<SuppressionReason> Suppressions => Books.Journal
        .Select(change => change.Fact).OfType<IssueSuppressed>().Select(fact => fact.Reason);

    private static string Key(byte value) => Convert.ToBase64String(Enumerable.Repeat(value, 32).ToArray());

    private PurchaseSeen Seen(string tenant, string purchaseId, string customer) => new(
        customer, tenant == Bakery ? "bread" : "boots", "", "till", purchaseId, 1000, CurrencyOf(tenant), ["cake"], Now);

    private void Tenant(string id, string brand, byte key)
    {
        Books.Given(
            TenantGrains.Id(id),
            new TenantCreated(id, id, "USD", "America/New_York", Now, Key(key)),
            new BrandCreated(new Brand(brand, brand)));
        foreach (var customer in (string[])["anna", "bert"])
        {
            Books.Given(CustomerGrains.Id(PartitionId.Tenant(id), customer), new CustomerEnrolled([], null, []));
        }
    }
}
