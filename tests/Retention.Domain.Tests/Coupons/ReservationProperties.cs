using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offers;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Coupons;

/// <summary>Laws of one generic code that orders reserve, redeem, cancel and let lapse. FsCheck prints the seed.</summary>
public sealed class ReservationProperties
{
    private const int Total = 6;
    private const int PerCustomer = 4;
    private const long Budget = 700;

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(80).WithEndSize(150);

    /// <summary>
    /// What stands and what is reserved together never exceed a limit, and nobody is refused while there is room; a
    /// reservation that is open is always redeemed by its order.
    /// Method: naive lists of standing redemptions and of reservations with their end are counted anew at each step.
    /// </summary>
    [Fact]
    public void Reservations_and_redemptions_share_the_limits() =>
        Check.One(Thorough, Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => new Life().Live(bytes)));

    private sealed class Life
    {
        private readonly OfferScene scene = new();
        private readonly List<(string Id, string Customer)> standing = [];
        private readonly List<(string Id, string Order, string Customer, Instant Until)> open = [];
        private Instant now = Noon(2017, 5, 1);

        public void Live(byte[] bytes)
        {
            scene.Active(Spring with { Limits = new OfferLimits(Total, PerCustomer, 0, 0), BudgetMinorUnits = Budget });
            foreach (var (index, step) in bytes.Index())
            {
                now += Duration.FromSeconds(step % 7);
                scene.Now(now);
                open.RemoveAll(reservation => reservation.Until <= now);
                Step(step, $"o-{index}", step % 2 == 0 ? "anna" : "bert");
                Assert.Equal(standing.Count, scene.State("off-1").RedeemedCount);
                Assert.True(standing.Count + open.Count <= Total);
            }
        }

        private void Step(byte step, string order, string customer)
        {
            switch (step % 5)
            {
                case 0:
                    var answer = scene.Reserve(Till(customer: customer), order, 1 + step / 8);
                    Assert.Equal(HasRoom(customer), answer.Refusal is null);
                    if (answer.Reply is not CouponReservation kept) break;
                    Assert.Equal(now + Duration.FromSeconds(1 + step / 8), kept.ExpiresAt);
                    open.Add((kept.ReservationId, order, customer, kept.ExpiresAt));
                    break;
                case 1 when open.Count > 0:
                    var used = open[step % open.Count];
                    standing.Add((scene.Redeemed(For(used.Order, Till(customer: used.Customer))).RedemptionId, used.Customer));
                    open.Remove(used);
                    break;
                case 2 when open.Count > 0:
                    var canceled = open[step % open.Count];
                    Assert.True(scene.Released(canceled.Id).WasOpen);
                    open.Remove(canceled);
                    break;
                case 3 when standing.Count > 0:
                    var reversed = standing[step % standing.Count];
                    Assert.Null(scene.Reverse(reversed.Id).Refusal);
                    standing.Remove(reversed);
                    break;
                default:
                    var decision = scene.Redeem(Till(customer: customer));
                    Assert.Equal(HasRoom(customer), decision.Refusal is null);
                    if (decision.Reply is CouponRedemption redemption) standing.Add((redemption.RedemptionId, customer));
                    break;
            }
        }

        private bool HasRoom(string customer) =>
            standing.Count + open.Count < Total
            && standing.Count(one => one.Customer == customer) + open.Count(one => one.Customer == customer) < PerCustomer
            && (standing.Count + open.Count + 1) * 100 <= Budget;
    }
}
