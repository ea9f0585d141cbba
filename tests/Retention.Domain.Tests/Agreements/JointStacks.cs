using System.Collections.Immutable;
using System.Globalization;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Orders at the shoe shop that stack a joint coupon with the shop's own codes, step by step as a call takes them.</summary>
public sealed class JointStacks
{
    private int attempts;

    public JointStacks()
    {
        Scene = new JointScene().Active(Terms with { MaxOpenPerCustomer = 0 });
        Own("two", new Discount(200, 0, 0));
        Own("only", new Discount(990, 0, 0), new OfferStacking(true, "", 0, 0, 0));
    }

    public JointScene Scene { get; }

    public void Own(string id, Discount discount, OfferStacking? stacking = null)
    {
        var offer = OfferScene.Spring with { OfferId = id, Code = id, CampaignId = "", BrandId = "boots", Discount = discount, Stacking = stacking };
        Scene.Books.Granted<OfferView>(turn => OfferTurns.Create(turn, new CreateOffer(Shoes, offer, "USD")));
        Scene.Books.Granted<OfferView>(turn => OfferTurns.Activate(turn, Shoes, id));
    }

    public StackedOrder Order(string id, long basket, params string[] codes) => new(this, id, basket, [.. codes]);

    /// <summary>A call of one order. It may stop after any step, and another of the same order may begin.</summary>
    public sealed class StackedOrder(JointStacks shop, string id, long basket, ImmutableArray<string> codes)
    {
        private readonly SortedDictionary<int, HeldJointCoupon> held = [];

        public LedgerKey Key { get; } = RedemptionId.Order(Shoes, "", "pos", id);

        public IEnumerable<HeldJointCoupon> Held => held.Values;

        private Books Books => shop.Scene.Books;

        /// <summary>The agreement holds the joint codes; the refusal of the first that it does not.</summary>
        public Refusal? Hold()
        {
            held.Clear();
            for (var position = 0; position < codes.Length; position++)
            {
                if (CouponCode.Joint(codes[position]) is null) continue;
                var key = LedgerKey.Of("attempt", (++shop.attempts).ToString(CultureInfo.InvariantCulture));
                var decision = Books.Ask(
                    turn => JointStackTurns.Hold(turn, shop.Scene.Asks(Shoes), Id, new HoldJointCoupon(
                        Till(codes[position]),
                        CustomerReference.Order(shop.Scene.TenantOf(Shoes), Key),
                        RedemptionId.Of(key))),
                    key);
                if (decision.Refusal is { } refusal) return refusal;
                held[position] = (HeldJointCoupon)decision.Reply!;
            }

            return null;
        }

        /// <summary>The chain decides; the reply is null where the order was given up meanwhile.</summary>
        public (StackRedemption? Reply, Refusal? Refusal) Decide()
        {
            var ids = codes.Select((_, position) => RedemptionId.Of(RedemptionId.Stacked(Shoes, id, position)));
            var decision = Books.Ask(
                turn => StackRedemptionTurns.Redeem(
                    turn, new RedeemStack(Till(""), codes, [.. ids]) { Joint = held.ToImmutableSortedDictionary() }),
                [Key, .. held.Values.Select(one => JointStackTurns.Outcome(one.RedemptionId))]);
            return (decision.Reply as StackRedemption, decision.Refusal);
        }

        /// <param name="stopped">After the first of its two steps.</param>
        public void GiveUp(bool stopped = false)
        {
            foreach (var one in held.Values)
            {
                Books.Ask(_ => Decision.Silent(), JointStackTurns.Outcome(one.RedemptionId));
                if (!stopped) Books.Ask(turn => JointStackTurns.Release(turn, shop.Scene.Asks(Shoes), Id, one.RedemptionId));
            }

            Books.Deliver();
        }

        private RedeemCoupon Till(string code) => new(Shoes, "", code, "", "", "", new BasketSeen(basket, "USD", [])
        {
            Lines = [new BasketLine("1", "", "", 2, basket - 100), new BasketLine("2", "", "", 1, 100)],
        }, "");
    }
}
