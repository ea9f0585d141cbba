using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Clearing;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Laws of an agreement over generated lives of its customers. FsCheck prints the seed and shrinks a failing life.</summary>
public sealed class AgreementProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(200);

    /// <summary>
    /// At every moment issued = consumed + expired + open + voided in each leg, what both brands are owed sums to zero,
    /// no entry is one-sided, no cap is exceeded, and nothing is issued, redeemed, reversed or clawed back twice.
    /// Method: beside the grains a naive book of single coupons is kept; every step is also sent a second time.
    /// </summary>
    [Fact]
    public void The_books_are_those_of_the_coupons() =>
        Check.One(Thorough, Prop.ForAll(LifeStep.Lives, life => new Life(mirrors: true).Live(life)));

    /// <summary>The same law where the issuer bears a used coupon whose purchase is returned.</summary>
    [Fact]
    public void The_books_are_those_of_the_coupons_when_the_issuer_bears_returns() =>
        Check.One(Thorough, Prop.ForAll(LifeStep.Lives, life => new Life(mirrors: false).Live(life)));

    private sealed class Life
    {
        private const int DaysValid = 5;
        private const int MaxOpen = 2;
        private const int MaxMonth = 4;

        private readonly JointScene scene = new();
        private readonly NaiveAgreement naive;
        private readonly List<(string Leg, string Customer, string Purchase)> purchases = [];
        private readonly List<(string Leg, string Purchase, string Code)> coupons = [];
        private readonly List<(string Leg, string Purchase, string Redemption)> redemptions = [];

        public Life(bool mirrors)
        {
            naive = new NaiveAgreement(DaysValid, MaxOpen, MaxMonth, mirrors);
            scene.Active(Terms with
            {
                DaysValid = DaysValid,
                MaxOpenPerCustomer = MaxOpen,
                MaxIssuedPerCustomerMonth = MaxMonth,
                MirrorsReturns = mirrors,
            });
        }

        private int compared;

        private LocalDate Today => scene.Now.InZone(Zone).Date;

        public void Live(LifeStep[] life)
        {
            foreach (var step in life)
            {
                scene.Move(scene.Now + Duration.FromHours(step.Hours % 40));
                Take(step);
                Compare();
            }
        }

        private void Take(LifeStep step)
        {
            switch (step.Kind % 8)
            {
                case 0 or 1 or 2:
                    Buy(step);
                    break;
                case 3 or 4 when coupons.Count > 0:
                    Redeem(coupons[step.Which % coupons.Count]);
                    break;
                case 5 when purchases.Count > 0:
                    Return(purchases[step.Which % purchases.Count]);
                    break;
                case 6 when redemptions.Count > 0:
                    Reverse(step.Which % redemptions.Count);
                    break;
                case 7 when step.Which % 4 == 0:
                    Pause();
                    break;
            }
        }

        private void Buy(LifeStep step)
        {
            var (tenant, leg) = step.Which % 3 == 0 ? (Shoes, "2") : (Bakery, "1");
            var customer = step.Which % 2 == 0 ? "anna" : "bert";
            var purchase = $"p-{purchases.Count}";
            var before = scene.Wallet(tenant, customer);
            scene.Buy(tenant, purchase, customer);
            scene.Buy(tenant, purchase, customer);
            var got = scene.Wallet(tenant, customer).Except(before).ToList();

            purchases.Add((leg, customer, purchase));
            Assert.Equal(naive.Buy(leg, customer, purchase, Today) ? 1 : 0, got.Count);
            coupons.AddRange(got.Select(code => (leg, purchase, code)));
        }

        private void Redeem((string Leg, string Purchase, string Code) coupon)
        {
            var at = coupon.Leg == "1" ? Shoes : Bakery;
            var redeemed = scene.Redeem(at, coupon.Code);

            Assert.Equal(naive.Redeem(coupon.Leg, coupon.Purchase, Today), redeemed.Refusal is null);
            Assert.NotNull(scene.Redeem(at, coupon.Code).Refusal);
            if (redeemed.Reply is Domain.Coupons.CouponRedemption redemption)
            {
                redemptions.Add((coupon.Leg, coupon.Purchase, redemption.RedemptionId));
            }
        }

        private void Return((string Leg, string Customer, string Purchase) purchase)
        {
            var tenant = purchase.Leg == "1" ? Bakery : Shoes;
            scene.Return(tenant, purchase.Purchase, purchase.Customer);
            scene.Return(tenant, purchase.Purchase, purchase.Customer);
            naive.Return(purchase.Leg, purchase.Purchase, Today);
        }

        private void Reverse(int index)
        {
            var (leg, purchase, redemption) = redemptions[index];
            redemptions.RemoveAt(index);
            var at = leg == "1" ? Shoes : Bakery;
            Assert.Null(scene.Reverse(at, redemption).Refusal);
            scene.Reverse(at, redemption);
            naive.Reverse(leg, purchase);
        }

        private void Pause()
        {
            naive.IsPaused = !naive.IsPaused;
            Assert.Null((naive.IsPaused ? scene.Pause(Bakery) : scene.Resume(Bakery)).Refusal);
            scene.Books.Deliver();
        }

        private void Compare()
        {
            Assert.Equal(naive.Counts("1", Today), scene.Counts("1"));
            Assert.Equal(naive.Counts("2", Today), scene.Counts("2"));
            Assert.Equal((naive.Owed, -naive.Owed), (scene.Account.SecondNet, scene.Account.FirstNet));
            for (; compared < scene.Books.Journal.Count; compared++)
            {
                if (scene.Books.Journal[compared].Fact is not EntryFact entry) continue;
                Assert.Equal(0, entry.Postings.Sum(posting => posting.MinorUnits));
            }
        }
    }
}
