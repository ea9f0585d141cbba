using FsCheck;
using FsCheck.Fluent;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Coupons;

public sealed class CouponStackTests
{
    private static readonly BasketSeen Basket = new(1000, "USD", []);

    [Fact]
    public void Discounts_are_applied_in_order_each_on_what_is_left()
    {
        var best = Best(Item(0, new Discount(200, 0, 0), OfferStacking.Free with { Order = 2 }), Item(1, new Discount(0, 5000, 0)));

        Assert.Equal([new StackedDiscount(1, 500), new StackedDiscount(0, 200)], best.Applied.ToArray());
        Assert.Equal(700, best.MinorUnits);
    }

    [Fact]
    public void An_exclusive_offer_stands_alone_and_a_category_is_there_once()
    {
        var exclusive = Item(0, new Discount(600, 0, 0), OfferStacking.Free with { IsExclusive = true });
        var (left, right) = (Item(1, new Discount(250, 0, 0)), Item(2, new Discount(300, 0, 0)));

        Assert.Equal([0], Places(Best(exclusive, left, right)));
        Assert.Equal([1, 2], Places(Best(left, right)));
        var (same, other) = (OfferStacking.Free with { Category = "sale" }, Item(3, new Discount(1, 0, 0)));
        Assert.Equal(
            [2, 3],
            Places(Best(
                left with { Offer = left.Offer with { Stacking = same } },
                right with { Offer = right.Offer with { Stacking = same } },
                other)));
    }

    [Fact]
    public void A_total_is_never_more_than_its_maximum_and_leaves_the_floor_to_pay()
    {
        var capped = Item(0, new Discount(400, 0, 0), OfferStacking.Free with { MaximumTotalMinorUnits = 450 });
        var floored = Item(1, new Discount(900, 0, 0), OfferStacking.Free with { FloorMinorUnits = 300 });

        Assert.Equal([new StackedDiscount(1, 700)], Best(capped, floored).Applied.ToArray());
        Assert.Equal(
            [new StackedDiscount(0, 400), new StackedDiscount(1, 50)],
            CouponStack.Applied([capped, floored], Basket).Applied.ToArray());
    }

    [Fact]
    public void Of_equal_combinations_the_one_with_fewer_codes_and_then_the_one_asked_first_is_best()
    {
        var (whole, half, rest) = (Item(2, new Discount(1000, 0, 0)), Item(0, new Discount(500, 0, 0)), Item(1, new Discount(500, 0, 0)));

        Assert.Equal([2], Places(Best(half, rest, whole)));
        var twin = whole with { Position = 3, Offer = whole.Offer with { OfferId = "twin" } };
        Assert.Equal([2], Places(Best(whole, twin)));
    }

    [Fact]
    public void Several_codes_are_judged_together_and_redeemed_at_what_was_told()
    {
        var scene = new OfferScene();
        scene.Active(Spring with { OfferId = "a", Code = "HALF", Discount = new Discount(0, 5000, 0), CampaignId = "" });
        scene.Active(Spring with { OfferId = "b", Code = "TWO", Discount = new Discount(200, 0, 0), CampaignId = "" });
        scene.Active(Spring with
        {
            OfferId = "c",
            Code = "BIG",
            CampaignId = "",
            Conditions = new OfferConditions(5000, [], [], false),
        });
        var command = new ValidateStack(Till("", basket: 1000), ["two", "nothing", "half", "big"]);

        var stack = scene.Books.Granted<StackValidation>(turn => StackTurns.Validate(turn, command));

        Assert.Equal(
            [("a", (long?)500), ("b", 200), ("", null), ("c", null)],
            stack.Codes.Select(code => (code.OfferId, code.DiscountMinorUnits)));
        Assert.Equal(RefusalReason.CouponNotFound, stack.Codes[2].Failing.Single().Reason);
        Assert.Equal(RefusalReason.ConditionNotMet, stack.Codes[3].Failing.Single().Reason);
        Assert.Equal(150, scene.Redeemed(Till("half", basket: 1000) with { DiscountMost = 150 }).DiscountMinorUnits);
        Assert.Equal(200, scene.Redeemed(Till("two", basket: 1000) with { DiscountMost = 999 }).DiscountMinorUnits);
    }

    /// <summary>
    /// The combination is the best there is, by the stated rule. Method: every subset, built by recursion and priced by a
    /// plain loop over sums, is ranked by (value, fewest, first asked) and compared.
    /// </summary>
    [Fact]
    public void The_best_combination_is_what_trying_all_of_them_gives() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            var items = bytes.Chunk(3).Where(chunk => chunk.Length == 3).Take(6).Select(Generated).ToArray();
            var best = CouponStack.Best(items, Basket);
            var (value, places) = Naive(items);
            Assert.Equal(value, best.MinorUnits);
            Assert.Equal(places, Places(best));
        }));

    private static (long Value, int[] Places) Naive(StackItem[] items) => Subsets([.. items])
        .Where(set => set.Count < 2 || set.All(item => !item.Stacking.IsExclusive))
        .Where(set => set.Where(item => item.Stacking.Category != "").GroupBy(item => item.Stacking.Category).All(g => g.Count() == 1))
        .Select(set => (Value: Price(set), Places: set.Select(item => item.Position).Order().ToArray()))
        .Where(set => set.Value > 0 || set.Places.Length == 0)
        .OrderByDescending(set => set.Value)
        .ThenBy(set => set.Places.Length)
        .ThenBy(set => string.Concat(set.Places), StringComparer.Ordinal)
        .First();

    private static long Price(List<StackItem> set)
    {
        var (pay, credit) = (1000L, 0L);
        var least = set.Select(item => item.Stacking.FloorMinorUnits).DefaultIfEmpty().Max();
        var maxima = set.Select(item => item.Stacking.MaximumTotalMinorUnits).Where(most => most > 0).ToList();
        if (maxima.Count > 0) least = Math.Max(least, 1000 - maxima.Min());
        foreach (var item in set.OrderBy(item => item.Stacking.Order).ThenBy(item => item.Offer.OfferId, StringComparer.Ordinal))
        {
            var discount = item.Offer.Discount;
            credit += discount.GiftCreditMinorUnits;
            var off = discount.GiftCreditMinorUnits > 0 ? 0 : discount.AmountMinorUnits + pay * discount.ShareBps / 10_000;
            pay = Math.Max(Math.Min(pay, least), pay - off);
        }

        return 1000 - pay + credit;
    }

    private static IEnumerable<List<StackItem>> Subsets(List<StackItem> items) => items.Count == 0
        ? [[]]
        : Subsets(items[1..]).SelectMany(rest => new List<StackItem>[] { rest, [items[0], .. rest] });

    private static StackItem Generated(byte[] chunk, int position) => Item(
        position,
        (chunk[0] % 4) switch
        {
            0 => new Discount(0, chunk[1] * 30 + 1, 0),
            1 => new Discount(0, 0, 0) { GiftCreditMinorUnits = chunk[1] + 1 },
            _ => new Discount(chunk[1] / 16 * 100 + 50, 0, 0),
        },
        new OfferStacking(
            chunk[2] % 7 == 0, chunk[2] % 5 == 0 ? "sale" : "", chunk[0] % 3, chunk[2] % 4 == 1 ? 400 : 0, chunk[2] % 6 == 2 ? 300 : 0));

    private static StackChoice Best(params StackItem[] items) => CouponStack.Best(items, Basket);

    private static int[] Places(StackChoice choice) => [.. choice.Applied.Select(item => item.Position).Order()];

    private static StackItem Item(int position, Discount discount, OfferStacking? stacking = null) =>
        new(position, Spring with { OfferId = $"off-{position}", Discount = discount, Stacking = stacking });
}
