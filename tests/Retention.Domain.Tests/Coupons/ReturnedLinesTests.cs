using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Coupons;

public sealed class ReturnedLinesTests
{
    private readonly OfferScene scene = new();

    [Fact]
    public void Returned_lines_give_back_their_part_and_the_last_of_them_the_redemption()
    {
        scene.Active(Spring with { Limits = new OfferLimits(1, 1, 1, 100) });
        var redemption = scene.Redeemed(WithLines(("a", 1, 600), ("b", 2, 300))).RedemptionId;

        Assert.Equal((66, false), Given(scene.Return(redemption, "ret-1", new CouponReturnLine("a", 1, null))));
        Assert.Equal((1, 34), (scene.State("off-1").RedeemedCount, scene.State("off-1").DiscountMinorUnits));
        Assert.Equal((17, false), Given(scene.Return(redemption, "ret-2", new CouponReturnLine("b", 1, null))));
        Assert.Equal((17, true), Given(scene.Return(redemption, "ret-3", new CouponReturnLine("b", 1, null))));
        Assert.Equal((0, 0), (scene.State("off-1").RedeemedCount, scene.State("off-1").DiscountMinorUnits));
        Assert.Equal(RefusalReason.RedemptionAlreadyReversed, scene.Reverse(redemption).Refusal?.Reason);
        scene.Redeemed(Till());
    }

    [Fact]
    public void A_reversal_without_lines_takes_what_the_returns_left()
    {
        scene.Active(Spring);
        var redemption = scene.Redeemed(WithLines(("a", 1, 600), ("b", 2, 300))).RedemptionId;
        scene.Return(redemption, "ret-1", new CouponReturnLine("a", 0, new Money("USD", 300)));

        Assert.Equal((67, true), Given(scene.Reverse(redemption)));
        Assert.Equal(0, scene.State("off-1").DiscountMinorUnits);
        Assert.Equal(
            RefusalReason.RedemptionAlreadyReversed,
            scene.Return(redemption, "ret-2", new CouponReturnLine("b", 1, null)).Refusal?.Reason);
    }

    [Fact]
    public void A_return_counts_once_and_never_beyond_what_was_bought()
    {
        scene.Active(Spring);
        var redemption = scene.Redeemed(WithLines(("a", 1, 600))).RedemptionId;
        var part = new CouponReturnLine("a", 0, new Money("USD", 300));

        scene.Return(redemption, "ret-1", part);
        scene.Return(redemption, "ret-1", part);

        Assert.Equal(50, scene.State("off-1").DiscountMinorUnits);
        Assert.Equal(
            RefusalReason.ReturnExceedsPurchase,
            scene.Return(redemption, "ret-2", part with { Amount = new Money("USD", 301) }).Refusal?.Reason);
        Assert.Equal(
            RefusalReason.LineNotFound, scene.Return(redemption, "ret-2", part with { LineId = "z" }).Refusal?.Reason);
        Assert.Equal(
            RefusalReason.CurrencyMismatch,
            scene.Return(redemption, "ret-2", part with { Amount = new Money("EUR", 1) }).Refusal?.Reason);
        Assert.Equal(RefusalReason.LineNotFound, scene.Return(scene.Redeemed(Till()).RedemptionId, "r", part).Refusal?.Reason);
    }

    [Fact]
    public void Pieces_after_a_dearer_one_take_what_is_left_of_their_line()
    {
        scene.Active(Spring);
        var redemption = scene.Redeemed(WithLines(("a", 4, 1000))).RedemptionId;

        Assert.Equal((90, false), Given(scene.Return(redemption, "ret-1", new CouponReturnLine("a", 1, new Money("USD", 900)))));
        Assert.Equal((10, true), Given(scene.Return(redemption, "ret-2", new CouponReturnLine("a", 1, null))));
    }

    /// <summary>
    /// Whatever returns come in whatever order, no line gives back more than its share, the parts of all lines add up
    /// to the discount, and the redemption counts exactly until its last line is back.
    /// Method: the shares are computed anew with fractions kept exactly as numerators over the basket's sum.
    /// </summary>
    [Fact]
    public void Parts_add_up_to_the_discount() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), Live));

    private static void Live(byte[] bytes)
    {
        if (bytes.Length < 4) return;
        var scene = new OfferScene();
        scene.Active(Spring with { Discount = new Discount(37, 0, 0) });
        var lines = bytes.Take(4).Select((amount, i) => ($"l{i}", 3L, amount + 10L)).ToArray();
        var (whole, discount) = (lines.Sum(line => line.Item3), 37L);
        var redemption = scene.Redeemed(WithLines(lines)).RedemptionId;
        var left = lines.ToDictionary(line => line.Item1, line => line.Item3);
        var given = lines.ToDictionary(line => line.Item1, _ => 0L);
        for (var i = 4; i < bytes.Length && left.Values.Any(amount => amount > 0); i++)
        {
            var (line, amount) = ($"l{bytes[i] % 4}", bytes[i] / 4 + 1L);
            var answer = scene.Return(redemption, $"ret-{i}", new CouponReturnLine(line, 0, new Money("USD", amount)));

            Assert.Equal(amount <= left[line], answer.Refusal is null);
            if (answer.Refusal is not null) continue;
            left[line] -= amount;
            given[line] += ((CouponReversal)answer.Reply!).DiscountMinorUnits;
            var isWhole = left.Values.All(amount => amount == 0);
            Assert.Equal(isWhole ? 0 : 1, scene.State("off-1").RedeemedCount);
            Assert.Equal(discount - given.Values.Sum(), scene.State("off-1").DiscountMinorUnits);
            Assert.InRange(given[line] * whole, 0, discount * lines.Single(l => l.Item1 == line).Item3 + whole);
        }

        if (left.Values.Any(amount => amount > 0)) scene.Reverse(redemption);
        Assert.Equal((0, 0), (scene.State("off-1").RedeemedCount, scene.State("off-1").DiscountMinorUnits));
    }

    private static RedeemCoupon WithLines(params (string Id, long Quantity, long Amount)[] lines) => Till() with
    {
        Basket = new BasketSeen(lines.Sum(line => line.Amount), "USD", [])
        {
            Lines = [.. lines.Select(line => new BasketLine(line.Id, "p", "", line.Quantity, line.Amount))],
        },
    };

    private static (long Discount, bool IsWhole) Given(Decision decision)
    {
        Assert.Null(decision.Refusal);
        var reversal = (CouponReversal)decision.Reply!;
        return (reversal.DiscountMinorUnits, reversal.IsWhole);
    }
}
