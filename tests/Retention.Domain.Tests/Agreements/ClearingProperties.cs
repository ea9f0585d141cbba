using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using static Retention.Domain.Tests.Agreements.JointScene;
using Side = Retention.Domain.Agreements.Side;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Laws of an account over generated lives with all that its terms may ask for.</summary>
public sealed class ClearingProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(300);

    /// <summary>
    /// At every moment both books sum to zero over the brands, what is owed is what the single coupons, fees, taxes and
    /// payments come to, nothing counts twice, and no coupon is issued beyond the credit limit.
    /// Method: redemptions wait for their sale; sales, returns, reversals, disputes, payments and jumps of time come in
    /// random order, each twice; beside the grains a book of single coupons is kept, from which all is added up anew.
    /// </summary>
    [Fact]
    public void The_account_is_what_coupons_fees_taxes_and_payments_come_to() =>
        Check.One(Thorough, Prop.ForAll(LifeStep.Lives, life => new Life().Live(life)));

    private sealed class Coupon(string purchase, string code, LocalDate endsOn)
    {
        public string Purchase => purchase;

        public string Code => code;

        public LocalDate EndsOn => endsOn;

        public string Redemption { get; set; } = "";

        public Instant ConfirmBy { get; set; }

        public bool IsSold { get; set; }

        public int Quarters { get; set; }

        /// <summary>Of the credit, by returns of the sale.</summary>
        public long Returned { get; set; }

        /// <summary>Of the credit, by disputes; or what a claw-back kept when it was given back in part.</summary>
        public long Disputed { get; set; }

        /// <summary>What a claw-back took.</summary>
        public long Clawed { get; set; }

        public bool IsReturned { get; set; }

        public bool IsVoided { get; set; }

        public bool IsGone { get; set; }

        public long Net => Redemption.Length > 0 && IsSold && !IsGone ? Credit - Returned - Disputed : 0;

        public long Later(Instant now) => Redemption.Length > 0 && !IsSold && !IsGone && now < ConfirmBy ? Credit : 0;
    }

    private sealed class Case(Coupon coupon, DisputeView view)
    {
        public Coupon Coupon => coupon;

        public string Redemption { get; } = coupon.Redemption;

        public string Id => view.Entry.DisputeId;

        public Instant AnswerBy => view.Entry.AnswerBy;

        public bool IsOfClawBack => view.Entry.By == Side.Second;

        public long Amount { get; set; } = Math.Abs(view.Entry.FirstMinorUnits);
    }

    private const long Credit = 66;

    private sealed class Life
    {
        private const long Limit = 700;
        private const long IssueFee = 3;
        private const long RedemptionFee = 10;
        private const long MonthFee = 50;
        private const int TaxBps = 2100;
        private const int DaysValid = 5;

        private readonly JointScene scene = new JointScene().Active(Terms with
        {
            MaxOpenPerCustomer = 0,
            DaysValid = DaysValid,
            SettlesAtSale = true,
            ConfirmWithinSeconds = 48 * 3600,
            DisputeAnswerDays = 2,
            Fees =
            [
                new FeeTerms(FeeTrigger.Issue, true, IssueFee, 0),
                new FeeTerms(FeeTrigger.Redemption, true, RedemptionFee, 0),
                new FeeTerms(FeeTrigger.Period, true, MonthFee, 0),
            ],
            Tax = new TaxTerms(TaxTreatment.Exclusive, TaxBps, false),
            Credit = new CreditTerms(Limit, 0),
        });

        private readonly List<Coupon> coupons = [];
        private readonly List<Case> cases = [];
        private readonly HashSet<long> disputed = [];
        private long paid;
        private int payments;
        private int compared;

        private LocalDate Today => scene.Now.InZone(Zone).Date;

        private long Owed => coupons.Count * (IssueFee + Tax(IssueFee))
            + Months() * (MonthFee + Tax(MonthFee))
            + coupons.Sum(coupon => coupon.Net + Tax(coupon.Net) + FeeOf(coupon) + Tax(FeeOf(coupon)))
            - paid;

        public void Live(LifeStep[] life)
        {
            foreach (var step in life)
            {
                scene.Move(scene.Now + Duration.FromHours(step.Hours % 4 == 0 ? step.Hours % 60 : 0));
                Take(step);
                Compare();
            }
        }

        private static long Tax(long amount) => (amount * TaxBps + 5_000) / 10_000;

        private static long FeeOf(Coupon coupon) => RedemptionFee * coupon.Net / Credit;

        private int Months() => (Today.Year - 2017) * 12 + Today.Month - 5 + 1;

        private void Take(LifeStep step)
        {
            // Mostly the newest coupon, so that much happens to one.
            if (step.Kind % 18 < 2) Buy();
            else if (step.Kind % 18 == 2) Pay(step.Which);
            else if (coupons.Count > 0) Take(step, coupons[^(1 + step.Which % 4 / 3 * (step.Which % coupons.Count))]);
        }

        private void Take(LifeStep step, Coupon coupon)
        {
            switch (step.Kind % 18)
            {
                case 3 or 4 or 5:
                    Redeem(coupon);
                    break;
                case 6 or 7 or 8 when coupon.Redemption.Length > 0:
                    scene.Sell(Shoes, "s-" + coupon.Redemption, coupon.Redemption);
                    scene.Sell(Shoes, "s-" + coupon.Redemption, coupon.Redemption);
                    coupon.IsSold = true;
                    break;
                case 9 or 10 when coupon is { IsSold: true, Redemption.Length: > 0 }:
                    ReturnSale(coupon);
                    break;
                case 11 when coupon.Redemption.Length > 0:
                    Reverse(coupon);
                    break;
                case 12:
                    ReturnTrigger(coupon);
                    if (step.Hours % 2 == 1) Dispute(coupon, step.Hours);
                    break;
                case > 12:
                    Dispute(coupon, step.Hours);
                    break;
            }
        }

        private void Buy()
        {
            var before = scene.Wallet(Bakery);
            var purchase = $"p-{compared}-{coupons.Count}";
            var share = Credit + Tax(Credit) + RedemptionFee + Tax(RedemptionFee);
            var exposure = Owed
                + coupons.Sum(coupon => coupon.Later(scene.Now))
                + coupons.Count(IsOpen) * share;
            var isGiven = exposure + share + IssueFee + Tax(IssueFee) <= Limit;
            scene.Buy(Bakery, purchase);
            scene.Buy(Bakery, purchase);
            var got = scene.Wallet(Bakery).Except(before).ToList();

            Assert.Equal(isGiven ? 1 : 0, got.Count);
            coupons.AddRange(got.Select(code => new Coupon(purchase, code, Today.PlusDays(DaysValid))));
        }

        private bool IsOpen(Coupon coupon) =>
            coupon is { Redemption.Length: 0, IsVoided: false } && coupon.EndsOn >= Today;

        private void Redeem(Coupon coupon)
        {
            var isOpen = IsOpen(coupon);
            var redeemed = scene.Redeem(Shoes, coupon.Code);
            Assert.Equal(isOpen, redeemed.Refusal is null);
            if (redeemed.Reply is not Domain.Coupons.CouponRedemption redemption) return;
            coupon.Redemption = redemption.RedemptionId;
            coupon.ConfirmBy = scene.Now + Duration.FromHours(48);
            (coupon.IsSold, coupon.Quarters, coupon.Returned, coupon.Disputed, coupon.IsGone) = (false, 0, 0, 0, false);
        }

        private void ReturnSale(Coupon coupon)
        {
            coupon.Quarters = Math.Min(4, coupon.Quarters + 1);
            scene.ReturnSale(Shoes, "s-" + coupon.Redemption, coupon.Redemption, 250 * coupon.Quarters);
            scene.ReturnSale(Shoes, "s-" + coupon.Redemption, coupon.Redemption, 250 * coupon.Quarters);
            if (coupon.IsGone) return;
            var before = coupon.Net;
            coupon.Returned = Math.Max(coupon.Returned, (Credit - coupon.Disputed) * coupon.Quarters / 4);
            Lower(coupon, before - coupon.Net);
        }

        // What goes back of a redemption is contested no more.
        private void Lower(Coupon coupon, long by)
        {
            foreach (var open in cases.Where(open => open.Redemption == coupon.Redemption && !open.IsOfClawBack))
            {
                open.Amount = Math.Max(0, open.Amount - by);
            }
        }

        private void Reverse(Coupon coupon)
        {
            var redemption = coupon.Redemption;
            Assert.Null(scene.Reverse(Shoes, redemption).Refusal);
            scene.Reverse(Shoes, redemption);
            foreach (var open in cases.Where(open => open.Redemption == redemption)) open.Amount = 0;
            coupon.Redemption = "";
            coupon.IsVoided = coupon.IsReturned;
        }

        private void ReturnTrigger(Coupon coupon)
        {
            scene.Return(Bakery, coupon.Purchase);
            scene.Return(Bakery, coupon.Purchase);
            if (coupon is { Redemption.Length: > 0, IsReturned: false })
            {
                coupon.Clawed = coupon.Net;
                Lower(coupon, coupon.Net);
                (coupon.IsReturned, coupon.IsGone) = (true, true);
            }
            else if (coupon.Redemption.Length == 0 && coupon.EndsOn >= Today) coupon.IsVoided = true;
        }

        private void Pay(byte amount)
        {
            var settlement = scene.Pay(Bakery, amount + 1, $"pay-{payments++}");
            Assert.Null(scene.ConfirmPayment(Shoes, settlement).Refusal);
            Assert.NotNull(scene.ConfirmPayment(Shoes, settlement).Refusal);
            paid += amount + 1;
        }

        private void Dispute(Coupon coupon, byte choice)
        {
            cases.RemoveAll(open => open.AnswerBy <= scene.Now);
            if (choice % 2 == 0 && cases.Count > 0)
            {
                Resolve(cases[choice % cases.Count], choice % 3 != 0, choice);
                return;
            }

            // The bakery contests what it owes, the shoe shop what was taken back from it.
            var entry = scene.Books.Journal.Select(change => change.Fact).OfType<EntryFact>().LastOrDefault(
                fact => fact is RedemptionConfirmed or ClawBackCleared
                    && fact.Redemption == coupon.Redemption && coupon.Redemption.Length > 0 && fact.FirstCredit(Book.Net) != 0);
            if (entry is null || !disputed.Add(entry.Number)) return;

            var isClawBack = entry is ClawBackCleared;
            var opened = scene.OpenDispute(isClawBack ? Shoes : Bakery, entry, $"d-{entry.Number}");
            Assert.Equal(isClawBack ? coupon.IsGone && coupon.Clawed > 0 : coupon.Net > 0, opened.Refusal is null);
            if (opened.Reply is DisputeView view) cases.Add(new Case(coupon, view));
        }

        private void Resolve(Case open, bool accepts, byte choice)
        {
            cases.Remove(open);
            var (by, outcome) = (open.IsOfClawBack ? Bakery : Shoes, accepts ? DisputeOutcome.Accepted : DisputeOutcome.Rejected);
            var amount = !accepts ? 0 : choice % 5 == 0 ? open.Amount : Math.Min(open.Amount, choice % 40 + 1);
            Assert.Equal(
                Kernel.RefusalReason.FieldInvalid,
                scene.ResolveDispute(by, open.Id, DisputeOutcome.Accepted, open.Amount + 1).Refusal?.Reason);
            Assert.Null(scene.ResolveDispute(by, open.Id, outcome, choice % 5 == 0 || amount == 0 ? null : amount).Refusal);
            Assert.NotNull(scene.ResolveDispute(by, open.Id, outcome).Refusal);
            if (amount == 0) return;

            var (coupon, before) = (open.Coupon, open.Coupon.Net);
            if (open.IsOfClawBack) (coupon.IsGone, coupon.Disputed) = (false, Credit - coupon.Returned - amount);
            else coupon.Disputed += amount;
            Lower(coupon, Math.Max(0, before - coupon.Net));
            if (choice % 7 < 4) ReturnSale(coupon);
        }

        private void Compare()
        {
            var account = scene.Account;
            Assert.Equal((-Owed, Owed), (account.FirstNet, account.SecondNet));
            var later = coupons.Sum(coupon => coupon.Later(scene.Now));
            Assert.Equal((-later, later), (account.FirstProvisional, account.SecondProvisional));
            Assert.Equal(account.FirstNet, account.Period!.Closing);
            var contested = cases.Where(open => open.AnswerBy > scene.Now);
            Assert.Equal(
                contested.Sum(open => open.IsOfClawBack ? open.Amount : -open.Amount), account.DisputedOf(Side.First));
            Assert.Equal(coupons.Count(coupon => coupon is { IsGone: true, Redemption.Length: > 0 }), account.First.ClawedBack);
            for (; compared < scene.Books.Journal.Count; compared++)
            {
                if (scene.Books.Journal[compared].Fact is not EntryFact entry) continue;
                Assert.Equal(0, entry.Postings.Where(posting => posting.Book == Book.Net).Sum(posting => posting.MinorUnits));
                Assert.Equal(
                    0, entry.Postings.Where(posting => posting.Book == Book.Provisional).Sum(posting => posting.MinorUnits));
            }
        }
    }
}
