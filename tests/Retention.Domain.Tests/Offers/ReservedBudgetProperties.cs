using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offline;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

/// <summary>Laws of a budget that counts from the issue on. FsCheck prints the seed.</summary>
public sealed class ReservedBudgetProperties
{
    private const long Budget = 750;
    private const long Most = 100;

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(150);

    /// <summary>
    /// Whatever is issued, redeemed, reversed, voided and let lapse: what is given and what is reserved never exceed the
    /// budget together, coupons are issued exactly while there is room, and what was promised is honored.
    /// Method: a naive ledger of coupons, each with what is kept for it and to when, is added up at each step.
    /// </summary>
    [Fact]
    public void What_is_given_and_reserved_stays_within_the_budget() =>
        Check.One(Thorough, Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => new Life().Live(bytes)));

    private sealed record Coupon(string Code, Instant EndsAt)
    {
        public long Kept { get; set; } = Most;

        public long Given { get; set; }

        public string Redemption { get; set; } = "";

        public bool IsVoided { get; set; }

        public long KeptAt(Instant now) => now < EndsAt ? Kept : 0;
    }

    private sealed class Life
    {
        private readonly OfferScene scene = new();
        private readonly List<Coupon> coupons = [];
        private Instant now = Noon(2017, 5, 1);

        private long Used => coupons.Sum(coupon => coupon.Given + coupon.KeptAt(now));

        public void Live(byte[] bytes)
        {
            scene.Active(OfflineScene.Unique with
            {
                BudgetMinorUnits = Budget,
                ReservesAtIssue = true,
                Discount = new Discount(0, 10_000, Most),
                Validity = OfflineScene.Unique.Validity with { DaysAfterIssue = 2 },
            });
            foreach (var step in bytes)
            {
                now += Duration.FromHours(step % 4 * 3);
                scene.Now(now);
                Step(step);
                var state = scene.State("off-1");
                Assert.Equal(coupons.Sum(coupon => coupon.Given), state.DiscountMinorUnits);
                Assert.Equal(Used, state.DiscountMinorUnits + state.Reserves.At(now));
                Assert.True(Used <= Budget, $"{Used} of {Budget}");

                // Used up by what is given only: then somebody has to put it in force again.
                if (state.Status == OfferStatus.Paused) scene.Books.Granted<OfferView>(turn => OfferTurns.Activate(turn, Tenant, "off-1"));
            }
        }

        private void Step(byte step)
        {
            var coupon = coupons.Count > 0 ? coupons[step / 4 % coupons.Count] : null;
            switch (step % 5)
            {
                case 0 or 1:
                    Issue();
                    break;
                case 2 when coupon is not null:
                    Redeem(coupon, step);
                    break;
                case 3 when coupon is { Redemption.Length: > 0 }:
                    Assert.Null(scene.Reverse(coupon.Redemption).Refusal);
                    (coupon.Kept, coupon.Given, coupon.Redemption) = (coupon.Given, 0, "");
                    break;
                case 4 when coupon is not null:
                    var isOpen = !coupon.IsVoided && coupon.Redemption.Length == 0;
                    var answer = scene.Books.Ask(turn => VoidTurns.Void(turn, Till(coupon.Code, customer: ""), "misprint"));
                    Assert.Equal(isOpen, answer.Refusal is null);
                    if (isOpen) (coupon.Kept, coupon.IsVoided) = (0, true);
                    break;
            }
        }

        private void Issue()
        {
            var code = CouponCode.Of([(byte)coupons.Count, 7, 7, 7, 7, 7, 7, 7, 7, 7, (byte)(coupons.Count / 256)]);
            var answer = scene.Books.Ask(turn => OfferTurns.Issue(turn, new IssueCoupons(Tenant, "off-1", "", [code])));
            Assert.Equal(Used + Most <= Budget, answer.Refusal is null);
            if (answer.Refusal is { } refusal)
            {
                Assert.Equal(RefusalReason.BudgetExhausted, refusal.Reason);
                return;
            }

            var ends = now.InZone(DateTimeZoneProviders.Tzdb["America/New_York"]).Date.PlusDays(3);
            coupons.Add(new Coupon(code, DateTimeZoneProviders.Tzdb["America/New_York"].AtStartOfDay(ends).ToInstant()));
        }

        private void Redeem(Coupon coupon, byte step)
        {
            var basket = step % 3 == 0 ? 40L : 500L;
            var discount = Math.Min(basket, Most);
            var isOpen = !coupon.IsVoided && coupon.Redemption.Length == 0 && now < coupon.EndsAt;
            var hasRoom = Used - coupon.KeptAt(now) + discount <= Budget;
            var decision = scene.Redeem(Till(coupon.Code, basket: basket));
            Assert.Equal(isOpen && hasRoom, decision.Refusal is null);
            Assert.True(!isOpen || discount > coupon.Kept || decision.Refusal is null, "What was promised was refused.");
            if (decision.Reply is not CouponRedemption redemption) return;
            (coupon.Kept, coupon.Given, coupon.Redemption) = (0, discount, redemption.RedemptionId);
        }
    }
}
