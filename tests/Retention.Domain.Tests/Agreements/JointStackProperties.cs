using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Orders that stack joint coupons with the chain's own, whose calls stop, repeat and race in any order.</summary>
public sealed class JointStackProperties
{
    private const int Coupons = 2;
    private const int Orders = 4;

    /// <summary>
    /// A coupon is used by one order at a time, own and joint codes of an order are used together or not at all, a repeat is
    /// answered as the first time, and the account comes to what was given.
    /// Method: calls of four orders stop between any two of their steps (hold, decide, give up) while words wait, time
    /// passes, other tills redeem, redemptions are reversed and purchases come back. Beside the grains one plain ledger
    /// notes what each till gave for which coupon; words that did not arrive yet are delivered at the end.
    /// </summary>
    [Fact]
    public void A_coupon_is_given_once_and_cleared_as_it_was_given() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(250).WithEndSize(110),
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), steps => Live(steps)));

    private static void Live(byte[] steps)
    {
        var ledger = new Ledger();
        foreach (var step in steps)
        {
            ledger.Step(step % 9, step / 9);
        }

        ledger.Close();
    }

    private sealed class Ledger
    {
        private readonly JointStacks shop = new();
        private readonly string[] codes = new string[Coupons];
        private readonly bool[] isReturned = new bool[Coupons];
        private readonly Dictionary<string, (int Coupon, long Part)> given = [];
        private readonly Dictionary<int, StackRedemption> answered = [];
        private readonly Dictionary<int, JointStacks.StackedOrder> calls = [];

        public Ledger()
        {
            for (var coupon = 0; coupon < Coupons; coupon++)
            {
                var before = shop.Scene.Wallet(Bakery);
                shop.Scene.Buy(Bakery, $"p-{coupon}");
                codes[coupon] = shop.Scene.Wallet(Bakery).Except(before).Single();
            }
        }

        public void Step(int what, int which)
        {
            var (order, coupon) = (which % Orders, which % Coupons);
            switch (what)
            {
                case 0:
                    Hold(order);
                    break;
                case 1:
                    Decide(order);
                    break;
                case 2 or 3:
                    Hold(order);
                    Decide(order);
                    break;
                case 4:
                    calls.GetValueOrDefault(order)?.GiveUp(stopped: which % 3 == 0);
                    break;
                case 5:
                    shop.Scene.Move(shop.Scene.Now + Duration.FromMinutes(which % 3 * 5));
                    break;
                case 6:
                    RedeemAlone(coupon);
                    break;
                case 7:
                    Reverse(which);
                    break;
                default:
                    Return(coupon);
                    break;
            }
        }

        public void Close()
        {
            shop.Scene.Books.Deliver();
            var owed = given.Values.Where(one => !isReturned[one.Coupon]).Sum(one => one.Part * 3333 / 10_000);
            Assert.Equal((owed, -owed), (shop.Scene.Account.SecondNet, shop.Scene.Account.FirstNet));
            for (var coupon = 0; coupon < Coupons; coupon++)
            {
                var used = given.Where(one => one.Value.Coupon == coupon).Select(one => one.Key).ToList();
                Assert.True(used.Count <= 1, "Two tills gave one coupon.");
                var state = shop.Scene.Books.State<JointCouponState>(AgreementGrains.CouponId(Id, CouponCode.Joint(codes[coupon])!));
                Assert.Equal(used.SingleOrDefault(""), state.RedemptionId);
            }

            // Even orders use the chain's own code, too.
            var own = answered.Keys.Count(order => order % 2 == 0);
            Assert.Equal(own, shop.Scene.Books.State<OfferState>(OfferGrains.OfferId(Shoes, "two")).RedeemedCount);
        }

        private void Hold(int order)
        {
            var code = codes[order % Coupons];
            var call = order % 2 == 0 ? shop.Order($"o-{order}", 300, "two", code) : shop.Order($"o-{order}", 1000, code);
            if (call.Hold() is null) calls[order] = call;
        }

        private void Decide(int order)
        {
            if (!calls.TryGetValue(order, out var call)) return;
            var (reply, _) = call.Decide();
            if (answered.TryGetValue(order, out var first)) Assert.Equal(first.Redemptions, reply?.Redemptions);
            else if (reply is not null) Note(order, reply);
        }

        private void Note(int order, StackRedemption reply)
        {
            answered[order] = reply;
            Assert.Equal(order % 2 == 0 ? 2 : 1, reply.Redemptions.Length);
            var joint = reply.Redemptions.Single(one => one.Redemption.AgreementId.Length > 0).Redemption;
            Assert.Equal(order % 2 == 0 ? 100 : 199, joint.DiscountMinorUnits);
            Assert.DoesNotContain(given.Values, one => one.Coupon == order % Coupons);
            given.Add(joint.RedemptionId, (order % Coupons, joint.DiscountMinorUnits));
        }

        private void RedeemAlone(int coupon)
        {
            var key = shop.Scene.Redeem(Shoes, codes[coupon]);
            if (key.Reply is not CouponRedemption redemption) return;
            Assert.DoesNotContain(given.Values, one => one.Coupon == coupon);
            Assert.False(isReturned[coupon]);
            given.Add(redemption.RedemptionId, (coupon, redemption.DiscountMinorUnits));
        }

        // The till knows a redemption once it has the answer, and then the word has arrived.
        private void Reverse(int which)
        {
            if (given.Count == 0) return;
            shop.Scene.Books.Deliver();
            var redemption = given.Keys.ElementAt(which % given.Count);
            Assert.Null(shop.Scene.Reverse(Shoes, redemption).Refusal);
            given.Remove(redemption);
        }

        private void Return(int coupon)
        {
            shop.Scene.Return(Bakery, $"p-{coupon}");
            isReturned[coupon] = true;
        }
    }
}
