using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;
using Side = Retention.Domain.Agreements.Side;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Laws of an account whose brands count in different currencies, over generated lives.</summary>
public sealed class FxProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(300);

    /// <summary>
    /// At every moment each currency sums to zero over the brands, net and provisionally; each redemption is cleared, and
    /// taken back, at the one rate that held at its moment; without a rate it is refused and nothing has changed.
    /// Method: coupons of both legs are redeemed in the currency of the redeeming brand, sold, returned in parts, reversed,
    /// clawed back and disputed while rates come, change and run out; a naive book converts each coupon by fractions.
    /// </summary>
    [Fact]
    public void Every_redemption_clears_in_both_currencies_at_the_rate_of_its_moment() =>
        Check.One(Thorough, Prop.ForAll(LifeStep.Lives, life => new Life(life.Length % 2 == 0, life.Length % 3 == 0).Live(life)));

    private sealed record Rate(LocalDate On, long Units, long CounterUnits);

    private sealed class Coupon(Side issuer, string purchase, string code, LocalDate endsOn)
    {
        public Side Issuer => issuer;

        public string Purchase => purchase;

        public string Code => code;

        public LocalDate EndsOn => endsOn;

        public string Redemption { get; set; } = "";

        public Instant ConfirmBy { get; set; }

        public Rate At { get; set; } = new(default, 1, 1);

        public long Credit { get; set; }

        public long Counter { get; set; }

        public long Fee { get; set; }

        public bool IsSold { get; set; }

        public int Quarters { get; set; }

        public long Returned { get; set; }

        public long Disputed { get; set; }

        public bool IsReturned { get; set; }

        public bool IsVoided { get; set; }

        public bool IsGone { get; set; }

        public bool IsCleared => Redemption.Length > 0 && !IsGone && IsSold;

        public long Net => IsCleared ? Credit - Returned - Disputed : 0;

        public bool Waits(Instant now) => Redemption.Length > 0 && !IsSold && !IsGone && now < ConfirmBy;
    }

    private sealed class Life(bool firstRounds, bool shoesCountInEuro)
    {
        private const int TaxBps = 2100;
        private const int FeeBps = 1000;
        private const int DaysValid = 5;
        private const int RateDays = 2;
        private const int OffInDollars = 199;
        private const int OffInEuro = 187;

        private readonly JointScene scene = new JointScene { ShoesCurrency = "EUR" }.Active(Agreed(firstRounds, shoesCountInEuro));
        private readonly List<Coupon> coupons = [];
        private readonly List<Rate> rates = [];
        private long paid;
        private long paidCounter;
        private int compared;

        private LocalDate Today => scene.Now.InZone(Zone).Date;

        /// <summary>The account is kept in dollars, or (then the bakery is the one with the other currency) in euro.</summary>
        private Side CounterSide => shoesCountInEuro ? Side.Second : Side.First;

        private Rate? Holding => rates.LastOrDefault(rate => rate.On <= Today) is { } last && last.On.PlusDays(RateDays) >= Today ? last : null;

        public void Live(LifeStep[] life)
        {
            foreach (var step in life)
            {
                scene.Move(scene.Now + Duration.FromHours(step.Hours % 4 == 0 ? step.Hours % 40 : 0));
                if (step.Kind % 16 < 2) Quote(step.Which, step.Hours);
                else if (step.Kind % 16 < 4) Buy(step.Which % 2 == 0 ? Side.First : Side.Second);
                else if (step.Kind % 16 == 4) Pay(step.Which + 1);
                else if (coupons.Count > 0) Take(step, coupons[^(1 + step.Which % 4 / 3 * (step.Which % coupons.Count))]);
                Compare();
            }
        }

        private static AgreementTerms Agreed(bool firstRounds, bool shoesCountInEuro) => Terms with
        {
            Currency = shoesCountInEuro ? "USD" : "EUR",
            DiscountMinorUnits = shoesCountInEuro ? OffInDollars : OffInEuro,
            MaxOpenPerCustomer = 0,
            DaysValid = DaysValid,
            SettlesAtSale = true,
            ConfirmWithinSeconds = 48 * 3600,
            DisputeDays = AgreementTerms.DaysMax,
            Fees = [new FeeTerms(FeeTrigger.Redemption, true, 0, FeeBps)],
            Tax = new TaxTerms(TaxTreatment.Exclusive, TaxBps, false),
            Fx = new FxTerms(
                shoesCountInEuro ? Side.Second : Side.First,
                shoesCountInEuro ? "EUR" : "USD",
                "ECB",
                firstRounds,
                shoesCountInEuro ? OffInEuro : OffInDollars,
                0,
                RateDays),
        };

        private static string TenantOf(Side side) => side == Side.First ? Bakery : Shoes;

        private static Side Other(Side side) => side == Side.First ? Side.Second : Side.First;

        private static long Tax(long amount) => (amount * TaxBps + 5_000) / 10_000;

        // The one who rounds gets less or pays more.
        private long Converted(long amount, long by, long parts, Side creditor)
        {
            var whole = BigInteger.DivRem((BigInteger)amount * by, parts, out var rest);
            return (long)(rest > 0 && (creditor == Side.First) != firstRounds ? whole + 1 : whole);
        }

        private long ToCounter(Rate rate, long amount, Side creditor) => Converted(amount, rate.CounterUnits, rate.Units, creditor);

        private long ToAccount(Rate rate, long amount, Side creditor) => Converted(amount, rate.Units, rate.CounterUnits, creditor);

        private void Quote(byte which, byte digits)
        {
            var on = Today.PlusDays(which % 3 - 1);
            var rate = new Rate(on, 10_000, 5_000 + 37 * digits);
            var recorded = scene.Rate(which % 2 == 0 ? Bakery : Shoes, on, rate.Units, rate.CounterUnits);
            var isNew = rates.Count == 0 || rates[^1].On < on;
            Assert.Equal(isNew ? null : RefusalReason.RateExists, recorded.Refusal?.Reason);
            if (isNew) rates.Add(rate);
        }

        private void Pay(long amount)
        {
            var settlement = $"pay-{scene.Books.Journal.Count}";
            var currency = scene.Agreement.Agreed.Currency;
            scene.Books.Granted<SettlementView>(turn => SettlementTurns.Record(
                turn,
                scene.Asks(Bakery),
                Id,
                new RecordSettlement(settlement, scene.Agreement.First, amount, currency, Today, "E2E")));
            Assert.Null(scene.ConfirmPayment(Shoes, settlement).Refusal);
            paid += amount;
            if (rates.LastOrDefault(rate => rate.On <= Today) is { } last) paidCounter += ToCounter(last, amount, Side.First);
        }

        private void Buy(Side issuer)
        {
            var tenant = TenantOf(issuer);
            var (before, purchase) = (scene.Wallet(tenant), $"p-{coupons.Count}-{scene.Books.Journal.Count}");
            scene.Buy(tenant, purchase);
            var got = scene.Wallet(tenant).Except(before).ToList();

            // A coupon in the counter currency takes a rate to be counted.
            Assert.Equal(Other(issuer) != CounterSide || Holding is not null ? 1 : 0, got.Count);
            coupons.AddRange(got.Select(code => new Coupon(issuer, purchase, code, Today.PlusDays(DaysValid))));
        }

        private void Take(LifeStep step, Coupon coupon)
        {
            var (redeemer, sale) = (TenantOf(Other(coupon.Issuer)), "s-" + coupon.Redemption);
            switch (step.Kind % 16)
            {
                case < 9:
                    Redeem(coupon, redeemer);
                    break;
                case 9 or 10 when coupon.Redemption.Length > 0:
                    scene.Sell(redeemer, sale, coupon.Redemption);
                    coupon.IsSold = true;
                    break;
                case 11 or 12 when coupon is { IsSold: true, Redemption.Length: > 0 }:
                    coupon.Quarters = Math.Min(4, coupon.Quarters + 1);
                    scene.ReturnSale(redeemer, sale, coupon.Redemption, 250 * coupon.Quarters);
                    if (coupon.IsGone) break;
                    coupon.Returned = Math.Max(coupon.Returned, (coupon.Credit - coupon.Disputed) * coupon.Quarters / 4);
                    break;
                case 13 when coupon.Redemption.Length > 0:
                    Assert.Null(scene.Reverse(redeemer, coupon.Redemption).Refusal);
                    coupon.Redemption = "";
                    coupon.IsVoided = coupon.IsReturned;
                    break;
                case 14:
                    scene.Return(TenantOf(coupon.Issuer), coupon.Purchase);
                    if (coupon is { Redemption.Length: > 0, IsReturned: false }) (coupon.IsReturned, coupon.IsGone) = (true, true);
                    else if (coupon.Redemption.Length == 0 && coupon.EndsOn >= Today) coupon.IsVoided = true;
                    break;
                case 15 when coupon.Net > 1 && coupon.Disputed == 0:
                    Dispute(coupon, step.Which % (coupon.Net - 1) + 1);
                    break;
            }
        }

        private void Redeem(Coupon coupon, string redeemer)
        {
            var isOpen = coupon is { Redemption.Length: 0, IsVoided: false } && coupon.EndsOn >= Today;
            var before = scene.Books.Journal.Count;
            var redeemed = scene.Redeem(redeemer, coupon.Code);
            if (isOpen && Holding is null) Assert.Equal(RefusalReason.RateMissing, redeemed.Refusal?.Reason);
            Assert.Equal(isOpen && Holding is not null, redeemed.Refusal is null);
            if (redeemed.Reply is not CouponRedemption redemption)
            {
                Assert.Equal(before, scene.Books.Journal.Count);
                return;
            }

            var (creditor, rate) = (Other(coupon.Issuer), Holding!);
            var given = redeemer == Bakery ? OffInDollars : OffInEuro;
            Assert.Equal((given, redeemer == Bakery ? "USD" : "EUR"), (redemption.DiscountMinorUnits, redemption.Currency));
            var share = given * 3333L / 10_000;
            var isCounter = creditor == CounterSide;
            (coupon.At, coupon.Redemption, coupon.ConfirmBy) = (rate, redemption.RedemptionId, scene.Now + Duration.FromHours(48));
            (coupon.Credit, coupon.Counter) = isCounter
                ? (ToAccount(rate, share, creditor), share)
                : (share, ToCounter(rate, share, creditor));
            coupon.Fee = (isCounter ? ToAccount(rate, given, creditor) : given) * FeeBps / 10_000;
            (coupon.IsSold, coupon.Quarters, coupon.Returned, coupon.Disputed, coupon.IsGone) = (false, 0, 0, 0, false);
        }

        private void Dispute(Coupon coupon, long amount)
        {
            var entry = scene.Books.Journal.Select(change => change.Fact).OfType<RedemptionConfirmed>()
                .Last(fact => fact.Redemption == coupon.Redemption);
            var id = $"d-{entry.Number}";
            Assert.Null(scene.OpenDispute(TenantOf(coupon.Issuer), entry, id).Refusal);
            var answers = TenantOf(Other(coupon.Issuer));
            Assert.Null(scene.ResolveDispute(answers, id, DisputeOutcome.Accepted, amount).Refusal);
            coupon.Disputed += amount;
        }

        private void Compare()
        {
            var (net, counter, later, counterLater) = (paid, paidCounter, 0L, 0L);
            foreach (var coupon in coupons)
            {
                var creditor = Other(coupon.Issuer);
                var sign = creditor == Side.First ? 1 : -1;
                if (coupon.Waits(scene.Now)) (later, counterLater) = (later + sign * coupon.Credit, counterLater + sign * coupon.Counter);
                if (!coupon.IsCleared) continue;
                var fee = coupon.Fee * coupon.Net / coupon.Credit;
                net += sign * (coupon.Net + Tax(coupon.Net) + fee + Tax(fee));
                counter += sign * (coupon.Counter * coupon.Net / coupon.Credit
                    + ((long[])[Tax(coupon.Net), fee, Tax(fee)]).Sum(amount => ToCounter(coupon.At, amount, creditor)));
            }

            var account = scene.Account;
            Assert.Equal((net, -net, counter, -counter), (account.FirstNet, account.SecondNet, account.FirstCounter, account.SecondCounter));
            Assert.Equal((later, -later), (account.FirstProvisional, account.SecondProvisional));
            Assert.Equal((counterLater, -counterLater), (account.FirstCounterProvisional, account.SecondCounterProvisional));
            for (; compared < scene.Books.Journal.Count; compared++)
            {
                if (scene.Books.Journal[compared].Fact is not EntryFact { Number: > 0 } entry) continue;
                Assert.All(Enum.GetValues<Book>(), book => Assert.Equal(
                    0, entry.Postings.Where(posting => posting.Book == book).Sum(posting => posting.MinorUnits)));
                var rate = coupons.LastOrDefault(coupon => coupon.Redemption.Length > 0 && coupon.Redemption == entry.Redemption)?.At;
                if (rate is not null) Assert.Equal((rate.On, rate.Units, rate.CounterUnits), (entry.Rate!.On, entry.Rate.Units, entry.Rate.CounterUnits));
            }
        }
    }
}
