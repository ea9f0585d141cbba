using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Agreements;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Laws of terms that change during the life of an agreement. FsCheck prints the seed and shrinks.</summary>
public sealed class AmendmentProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(150);

    private static readonly AgreementTerms Patient = Terms with { MaxOpenPerCustomer = 50 };

    private static readonly AgreementTerms[] Versions =
    [
        Patient,
        Patient with { DiscountMinorUnits = 301, IssuerShareBps = 5000, IssuerRounds = true },
        Patient with { MirrorsReturns = false, DaysValid = 2 },
        Patient with { SettlesAtSale = true, ConfirmWithinSeconds = 36_000, IssuerShareBps = 10_000 },
        Patient with { IsMirrored = false, ReversedStaysUsed = true },
        Patient with { MinimumBasketMinorUnits = 2000, ClawBackDays = 1 },
        Patient with { ClawBackDays = 1 },
    ];

    /// <summary>
    /// Whatever the brands amend, a coupon is issued under the version in force and clears under the version of its
    /// issue; both brands' sums are zero; nothing is lost of what was issued before.
    /// Method: a random life beside a naive list of coupons, each with its own copy of the terms.
    /// </summary>
    [Fact]
    public void Each_coupon_settles_under_its_own_terms() =>
        Check.One(Thorough, Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), life => new Life().Live(life)));

    private sealed class Coupon(string leg, string purchase, string code, AgreementTerms terms, LocalDate endsOn)
    {
        public string Leg => leg;

        public string Purchase => purchase;

        public string Code => code;

        public AgreementTerms Terms => terms;

        public LocalDate EndsOn => endsOn;

        public string Status { get; set; } = "open";

        public string Redemption { get; set; } = "";

        public Instant RedeemedAt { get; set; }

        public bool IsClawedBack { get; set; }

        public bool IsReturned { get; set; }

        public decimal Share => terms.IssuerRounds
            ? Math.Ceiling(terms.DiscountMinorUnits * terms.IssuerShareBps / 10_000m)
            : Math.Floor(terms.DiscountMinorUnits * terms.IssuerShareBps / 10_000m);

        private decimal Signed => leg == "1" ? Share : -Share;

        public decimal Net => Status == "used" && !IsClawedBack && !terms.SettlesAtSale ? Signed : 0;

        public decimal ProvisionalAt(Instant now) =>
            Status == "used" && !IsClawedBack && terms.SettlesAtSale
            && now < RedeemedAt + Duration.FromSeconds(terms.ConfirmWithinSeconds) ? Signed : 0;
    }

    private sealed class Life
    {
        private readonly JointScene scene = new JointScene().Active(Versions[0]);
        private readonly List<Coupon> coupons = [];
        private AgreementTerms inForce = Versions[0];
        private (AgreementTerms Terms, int Version, string By)? proposed;
        private int last = 1;
        private int purchases;

        private LocalDate Today => scene.Now.InZone(Zone).Date;

        public void Live(byte[] life)
        {
            foreach (var step in life)
            {
                scene.Move(scene.Now + Duration.FromHours(step % 11));
                Take(step);
                Assert.Equal(coupons.Sum(coupon => coupon.Net), scene.Account.SecondNet);
                Assert.Equal(coupons.Sum(coupon => coupon.ProvisionalAt(scene.Now)), scene.Account.SecondProvisional);
                Assert.Equal(0, scene.Account.FirstNet + scene.Account.SecondNet);
                Assert.Equal(0, scene.Account.FirstProvisional + scene.Account.SecondProvisional);
                Assert.Equal(coupons.Count(coupon => coupon.Leg == "1"), scene.Account.First.Issued);
                Assert.Equal(coupons.Count(coupon => coupon.Leg == "2"), scene.Account.Second.Issued);
            }
        }

        private void Take(byte step)
        {
            var which = step / 8;
            switch (step % 8)
            {
                case 0 or 1:
                    Buy(which % 3 == 0 ? "2" : "1");
                    break;
                case 2 or 3 when coupons.Count > 0:
                    Redeem(coupons[which % coupons.Count]);
                    break;
                case 4 when coupons.Count > 0:
                    Return(coupons[which % coupons.Count]);
                    break;
                case 5 when coupons.Count > 0:
                    Reverse(coupons[which % coupons.Count]);
                    break;
                case 6:
                    Amend(which % 2 == 0 ? Bakery : Shoes, Versions[which % Versions.Length]);
                    break;
                case 7:
                    Accept();
                    break;
            }
        }

        private void Buy(string leg)
        {
            var (tenant, purchase) = (leg == "1" ? Bakery : Shoes, $"p-{++purchases}");
            var before = scene.Wallet(tenant);
            scene.Buy(tenant, purchase);
            var got = scene.Wallet(tenant).Except(before).ToList();
            var issues = inForce.MinimumBasketMinorUnits <= 1000 && (leg == "1" || inForce.IsMirrored)
                && coupons.Count(c => c.Leg == leg && c.Status == "open" && c.EndsOn >= Today) < 50;
            Assert.Equal(issues ? 1 : 0, got.Count);
            coupons.AddRange(got.Select(code => new Coupon(leg, purchase, code, inForce, Today.PlusDays(inForce.DaysValid))));
        }

        private void Redeem(Coupon coupon)
        {
            var decision = scene.Redeem(coupon.Leg == "1" ? Shoes : Bakery, coupon.Code);
            Assert.Equal(coupon.Status == "open" && Today <= coupon.EndsOn, decision.Refusal is null);
            if (decision.Reply is not Domain.Coupons.CouponRedemption redemption) return;
            (coupon.Status, coupon.Redemption, coupon.RedeemedAt) = ("used", redemption.RedemptionId, scene.Now);
        }

        private void Return(Coupon coupon)
        {
            scene.Return(coupon.Leg == "1" ? Bakery : Shoes, coupon.Purchase);
            if (coupon.Status == "open" && Today <= coupon.EndsOn) coupon.Status = "voided";
            if (coupon.Status != "used" || coupon.IsReturned) return;
            coupon.IsReturned = true;
            var days = Period.DaysBetween(coupon.RedeemedAt.InZone(Zone).Date, Today);
            coupon.IsClawedBack = coupon.Terms.MirrorsReturns
                && (coupon.Terms.ClawBackDays == 0 || days <= coupon.Terms.ClawBackDays);
        }

        private void Reverse(Coupon coupon)
        {
            if (coupon.Status != "used") return;
            Assert.Null(scene.Reverse(coupon.Leg == "1" ? Shoes : Bakery, coupon.Redemption).Refusal);
            coupon.Status = coupon.Terms.ReversedStaysUsed || coupon.IsReturned ? "voided" : "open";
        }

        private void Amend(string by, AgreementTerms terms)
        {
            Assert.Null(scene.Amend(by, terms).Refusal);
            proposed = (terms, ++last, by);
            scene.Books.Deliver();
        }

        private void Accept()
        {
            if (proposed is not { } open) return;
            Assert.Null(scene.Accept(open.By == Bakery ? Shoes : Bakery, open.Version).Refusal);
            scene.Books.Deliver();
            (inForce, proposed) = (open.Terms, null);
            Assert.Equal(open.Version, scene.Agreement.TermsVersion);
        }
    }
}
