using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Offers;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

/// <summary>Laws of one generic code over generated days at the till. FsCheck prints the seed and shrinks.</summary>
public sealed class OfferProperties
{
    private const int Total = 5;
    private const int PerCustomer = 3;
    private const int PerDay = 4;
    private const long TotalDiscount = 1200;

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(120);

    /// <summary>
    /// No limit is ever exceeded and none is reached early; what stands is what was redeemed and not reversed.
    /// Method: a naive list of standing redemptions is counted anew before each redemption, and compared after it.
    /// </summary>
    [Fact]
    public void Limits_are_met_exactly() => Check.One(Thorough, Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), Live));

    private static void Live(byte[] bytes)
    {
        var scene = new OfferScene();
        scene.Active(Spring with
        {
            Discount = new Discount(0, 1000, 0),
            Limits = new OfferLimits(Total, PerCustomer, PerDay, TotalDiscount),
        });
        var standing = new List<(string Id, string Customer, LocalDate Day, long Discount)>();
        var now = Noon(2017, 5, 1);
        foreach (var step in bytes)
        {
            now += Duration.FromHours(step % 3);
            scene.Now(now);
            if (step % 5 == 4 && standing.Count > 0)
            {
                var reversed = standing[step % standing.Count];
                Assert.Null(scene.Reverse(reversed.Id).Refusal);
                scene.Reverse(reversed.Id);
                standing.Remove(reversed);
            }
            else
            {
                Redeem(scene, standing, step, now.InZone(DateTimeZoneProviders.Tzdb["America/New_York"]).Date);
            }

            var state = scene.State("off-1");
            Assert.Equal(standing.Count, state.RedeemedCount);
            Assert.Equal(standing.Sum(redemption => redemption.Discount), state.DiscountMinorUnits);
        }
    }

    private static void Redeem(
        OfferScene scene, List<(string Id, string Customer, LocalDate Day, long Discount)> standing, byte step, LocalDate today)
    {
        var (customer, basket) = (step % 2 == 0 ? "anna" : "bert", step * 20L);
        var discount = basket / 10;
        var isGranted = standing.Count < Total
            && standing.Count(redemption => redemption.Customer == customer) < PerCustomer
            && standing.Count(redemption => redemption.Day == today) < PerDay
            && standing.Sum(redemption => redemption.Discount) + discount <= TotalDiscount;

        var decision = scene.Redeem(Till(customer: customer, basket: basket));

        Assert.Equal(isGranted, decision.Refusal is null);
        if (decision.Reply is Domain.Coupons.CouponRedemption redemption)
        {
            Assert.Equal(discount, redemption.DiscountMinorUnits);
            standing.Add((redemption.RedemptionId, customer, today, discount));
        }
    }
}
