using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Laws of an ending agreement and of closed months (JC4, JC5) over generated lives.</summary>
public sealed class EndingProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(240);

    /// <summary>
    /// To the end of the notice purchases give coupons and after it none; each coupon is honored to its last day; the
    /// agreement closes at the first moment after the last coupon's day, claw-back day, wait and dispute, and from then on
    /// nothing but a payment of what is owed changes anything. A month that was told as closed is told the same for ever.
    /// Method: notice, claw-back and waiting times are drawn; beside the grains a plain list of coupons says when the
    /// agreement closes; every step is tried before, during and after the end.
    /// </summary>
    [Fact]
    public void An_agreement_ends_in_its_steps_and_what_is_closed_never_changes() =>
        Check.One(Thorough, Prop.ForAll(LifeStep.Lives, steps => new Life(steps).Live()));

    private sealed class Coupon(string purchase, string code, LocalDate endsOn)
    {
        public string Purchase => purchase;

        public string Code => code;

        public LocalDate EndsOn => endsOn;

        public string Redemption { get; set; } = "";

        public Instant ConfirmBy { get; set; }

        public bool IsSold { get; set; }

        public bool IsGone { get; set; }
    }

    private sealed class Life
    {
        private const int DaysValid = 4;

        private readonly LifeStep[] steps;
        private readonly JointScene scene;
        private readonly List<Coupon> coupons = [];
        private readonly List<LocalDate> redeemedOn = [];
        private readonly Dictionary<LocalDate, string> closed = [];
        private readonly int noticeDays;
        private readonly int clawBackDays;
        private readonly int waitHours;
        private Instant? end;
        private int payments;

        public Life(LifeStep[] steps)
        {
            this.steps = steps;
            var drawn = steps.Length == 0 ? new LifeStep(0, 0, 0) : steps[0];
            (noticeDays, clawBackDays, waitHours) = (drawn.Kind % 4, drawn.Which % 6, drawn.Hours % 4 * 50);
            scene = new JointScene().Active(Terms with
            {
                MaxOpenPerCustomer = 0,
                DaysValid = DaysValid,
                NoticeDays = noticeDays,
                MirrorsReturns = clawBackDays > 0,
                ClawBackDays = clawBackDays,
                SettlesAtSale = waitHours > 0,
                ConfirmWithinSeconds = waitHours * 3600,
                DisputeAnswerDays = 3,
            });
        }

        private LocalDate Today => scene.Now.InZone(Zone).Date;

        private bool IsOver => end <= scene.Now;

        public void Live()
        {
            foreach (var step in steps.Take(80))
            {
                Move(step.Hours);
                var (isClosed, facts) = (ClosesAt() <= scene.Now, scene.Books.Journal.Count);
                Take(step);
                if (isClosed) Assert.All(scene.Books.Journal.Skip(facts), change => Assert.True(IsLate(change.Fact), $"{change.Fact}"));
                Compare();
            }
        }

        // Often to the last instant before an end, or to the first after it.
        private void Move(byte hours)
        {
            var edge = hours % 4 == 1 ? end : ClosesAt();
            var later = scene.Now + Duration.FromHours(hours % 3 == 0 ? hours % 80 : 0);
            var isToEdge = hours % 4 is 1 or 2 && edge > scene.Now;
            scene.Move(isToEdge ? edge!.Value - Duration.FromNanoseconds(hours % 5 == 0 ? 1 : 0) : later);
        }

        // A payment, and what fell due before the closing and is stored only now.
        private static bool IsLate(object fact) =>
            fact is SettlementRecorded or SettlementConfirmed or RedemptionUnconfirmed or DisputeResolved;

        private static Instant After(LocalDate day, int days) => Zone.AtStartOfDay(day.PlusDays(days + 1)).ToInstant();

        private void Take(LifeStep step)
        {
            switch (step.Kind % 12)
            {
                case 0 or 1 or 2 or 3:
                    Buy();
                    break;
                case 4 when step.Which % 3 == 0:
                    End();
                    break;
                case 5:
                    Pay(step.Which + 1);
                    break;
                case > 5 when coupons.Count > 0:
                    Take(step.Kind % 12, coupons[^(1 + step.Which % Math.Min(3, coupons.Count))]);
                    break;
            }
        }

        private void Take(int kind, Coupon coupon)
        {
            if (kind is 6 or 7) Redeem(coupon);
            else if (kind == 8) ReturnTrigger(coupon);
            else if (coupon.Redemption.Length == 0) return;
            else if (kind == 9) Sell(coupon);
            else if (kind == 10) Reverse(coupon);
            else Dispute(coupon);
        }

        private void Buy()
        {
            var before = scene.Wallet(Bakery);
            var purchase = $"p-{scene.Books.Journal.Count}-{coupons.Count}";
            scene.Buy(Bakery, purchase);
            var got = scene.Wallet(Bakery).Except(before).ToList();

            Assert.Equal(IsOver ? 0 : 1, got.Count);
            coupons.AddRange(got.Select(code => new Coupon(purchase, code, Today.PlusDays(DaysValid))));
        }

        private void End()
        {
            Assert.Equal(end is not null, scene.End(Shoes).Refusal is not null);
            scene.Books.Deliver();
            end ??= noticeDays == 0 ? scene.Now : After(Today, noticeDays);
        }

        private void Redeem(Coupon coupon)
        {
            var isOpen = coupon is { Redemption.Length: 0, IsGone: false } && coupon.EndsOn >= Today;
            var decision = scene.Redeem(Shoes, coupon.Code);
            Assert.Equal(isOpen, decision.Refusal is null);
            if (decision.Reply is not CouponRedemption redeemed) return;
            coupon.Redemption = redeemed.RedemptionId;
            (coupon.IsSold, coupon.ConfirmBy) = (waitHours == 0, scene.Now + Duration.FromHours(waitHours));
            redeemedOn.Add(Today);
        }

        private void ReturnTrigger(Coupon coupon)
        {
            scene.Return(Bakery, coupon.Purchase);
            coupon.IsGone |= clawBackDays > 0 || coupon.Redemption.Length == 0;
        }

        private void Sell(Coupon coupon)
        {
            scene.Sell(Shoes, "s-" + coupon.Redemption, coupon.Redemption);
            coupon.IsSold |= ClosesAt() > scene.Now || end is null;
        }

        private void Reverse(Coupon coupon)
        {
            var isClosed = ClosesAt() <= scene.Now;
            Assert.Equal(isClosed, scene.Reverse(Shoes, coupon.Redemption).Refusal is not null);
            if (isClosed) return;
            coupon.Redemption = "";
            coupon.IsGone |= scene.Books.State<JointCouponState>(
                AgreementGrains.CouponId(Id, coupon.Code)).Status == JointCouponStatus.Voided;
        }

        private void Dispute(Coupon coupon)
        {
            var entry = scene.Books.Journal.Select(change => change.Fact).OfType<EntryFact>().LastOrDefault(
                fact => fact is RedemptionCleared or RedemptionConfirmed && fact.Redemption == coupon.Redemption);
            var isContested = scene.Account.Disputes.Any(open => open.Redemption == coupon.Redemption);
            if (entry is not null && !isContested) scene.OpenDispute(Bakery, entry, $"d-{scene.Books.Journal.Count}");
        }

        // A closed agreement takes what is left to be paid, and when nothing is, nothing.
        private void Pay(long amount)
        {
            var isSettled = ClosesAt() <= scene.Now && scene.Account.FirstNet == 0;
            if (scene.Pay(Bakery, amount, $"pay-{payments++}", isSettled) is not { } recorded) return;
            Assert.Null(scene.ConfirmPayment(Shoes, recorded).Refusal);
        }

        /// <summary>From the coupons alone, and the account's last fact.</summary>
        private Instant? ClosesAt()
        {
            if (end is not { } at) return null;
            var moments = coupons.Select(coupon => After(coupon.EndsOn, 0))
                .Concat(clawBackDays == 0 ? [] : redeemedOn.Select(day => After(day, clawBackDays)))
                .Concat(coupons.Where(coupon => coupon is { Redemption.Length: > 0, IsSold: false } && waitHours > 0
                        && scene.Account.Pending.Any(pending => pending.Redemption == coupon.Redemption))
                    .Select(coupon => coupon.ConfirmBy))
                .Concat(scene.Account.Disputes.Select(open => open.AnswerBy))
                .Append(scene.Account.LastAt);
            return moments.Aggregate(at, Instant.Max);
        }

        private void Compare()
        {
            Assert.Equal(ClosesAt(), scene.Standing.ClosesAt);
            for (var month = new LocalDate(2017, 5, 1); month <= Today; month = month.PlusMonths(1))
            {
                if (scene.FindStatement(month) is not { IsClosed: true } told) continue;
                var hash = told.Period.StatementHash(Id, "USD");
                Assert.Equal(closed.GetValueOrDefault(month, hash), hash);
                closed[month] = hash;
            }
        }
    }
}
