using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Offline;
using Retention.Domain.Tests.Offers;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offline;

/// <summary>Laws of tills with and without the network over the same coupons. FsCheck prints the seed.</summary>
public sealed class OfflineProperties
{
    private const int Coupons = 3;
    private const int Total = 4;
    private const long Budget = 700;

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(120);

    /// <summary>
    /// Whatever the order in which tills capture, repeat, redeem and reverse: at most one redemption of a coupon stands, each
    /// order is answered once and for ever, and what tills gave is what was redeemed by captures plus the recorded losses.
    /// Method: a naive list of who holds each coupon, and two sums beside the book, compared at every step.
    /// </summary>
    [Fact]
    public void Each_coupon_is_accepted_once_and_losses_add_up() =>
        Check.One(Thorough, Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => new Life().Live(bytes)));

    private sealed class Life
    {
        private readonly OfferScene scene = new();
        private readonly Dictionary<string, string> holders = [];
        private readonly Dictionary<string, (SignedCoupon Signed, Instant At, OfflineCapture First)> captures = [];
        private SignedCoupon[] coupons = [];
        private Instant now = Noon(2017, 5, 1);
        private long given;
        private long redeemed;

        public void Live(byte[] bytes)
        {
            scene.Active(OfflineScene.Unique with
            {
                Limits = OfferLimits.None with { Total = Total },
                BudgetMinorUnits = Budget,
                Offline = new OfflineTerms(0, 600),
            });
            coupons = [.. Enumerable.Range(0, Coupons).Select(_ => scene.Signed(scene.Issue("off-1")))];
            foreach (var (index, step) in bytes.Index())
            {
                now += Duration.FromSeconds(step % 5 * 60);
                scene.Now(now);
                Step(step, $"o-{index}", coupons[step % Coupons]);
                var book = scene.Report();
                Assert.Equal(given, book.Book.AcceptedMinorUnits + book.Book.LossMinorUnits);
                Assert.Equal(redeemed, book.Book.AcceptedMinorUnits);
                Assert.Equal(book.Book.LossMinorUnits, book.Conflicts.Sum(conflict => conflict.Loss));
                Assert.Equal(holders.Count, scene.State("off-1").RedeemedCount);
                Assert.True(holders.Count <= Total && scene.State("off-1").DiscountMinorUnits <= Budget);
            }
        }

        private void Step(byte step, string order, SignedCoupon coupon)
        {
            switch (step / 8 % 4)
            {
                case 0:
                    var answer = scene.Redeem(Till(coupon.Code));
                    Assert.Equal(!holders.ContainsKey(coupon.Code), answer.Refusal is null);
                    if (answer.Reply is CouponRedemption online) holders.Add(coupon.Code, online.RedemptionId);
                    break;
                case 1 when holders.TryGetValue(coupon.Code, out var redemption):
                    Assert.Null(scene.Reverse(redemption).Refusal);
                    holders.Remove(coupon.Code);
                    break;
                case 2 when captures.Count > 0:
                    var (known, first) = captures.ElementAt(step % captures.Count);
                    Assert.Same(first.First, scene.Captured(first.Signed, known, first.At));
                    break;
                default:
                    Capture(order, coupon, now - Duration.FromSeconds(step * 3));
                    break;
            }
        }

        private void Capture(string order, SignedCoupon coupon, Instant tillAt)
        {
            var isFree = !holders.ContainsKey(coupon.Code) && now - tillAt <= Duration.FromSeconds(600);
            var captured = scene.Captured(coupon, order, tillAt);
            captures.Add(order, (coupon, tillAt, captured));
            given += 100;
            Assert.Equal(isFree, captured.Redemption is not null);
            if (captured.Redemption is not { } redemption) return;
            holders.Add(coupon.Code, redemption.RedemptionId);
            redeemed += 100;
        }
    }
}
