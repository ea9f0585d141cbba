using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

public sealed class DiscountKindTests
{
    private static readonly Discount Nothing = new(0, 0, 0);

    private readonly OfferScene scene = new();

    [Fact]
    public void One_unit_of_a_product_is_free_the_cheapest_in_the_basket()
    {
        scene.Active(Spring with { Discount = Nothing with { FreeProductId = "cola" } });

        Assert.Equal(90, scene.Redeemed(Buying(("cola", "drinks", 2, 250), ("cola", "drinks", 1, 90))).DiscountMinorUnits);
        Assert.Equal("free_product", Missing(Buying(("rolls", "bread", 1, 90))));
        Assert.Equal("free_product", Missing(Till()));
    }

    [Fact]
    public void Units_of_a_product_have_a_price_up_to_a_number()
    {
        scene.Active(Spring with
        {
            Discount = Nothing with { PricedProductId = "cola", PriceMinorUnits = 50, PricedUnitsMax = 3 },
        });

        Assert.Equal(250 - 100 + 10, scene.Redeemed(Buying(("cola", "", 2, 250), ("cola", "", 4, 240))).DiscountMinorUnits);
        Assert.Equal(0, scene.Redeemed(Buying(("cola", "", 1, 40))).DiscountMinorUnits);
    }

    [Fact]
    public void A_share_of_the_lines_that_match_leaves_the_others_alone()
    {
        scene.Active(Spring with
        {
            Discount = new Discount(0, 2000, 0) { OnMatchingLines = true },
            Conditions = new OfferConditions(0, ["cake"], [], false),
        });

        var redemption = scene.Redeemed(Buying(("a", "cake", 1, 500), ("b", "rolls", 1, 500)));

        Assert.Equal(100, redemption.DiscountMinorUnits);
        Assert.Null(scene.Return(redemption.RedemptionId, "ret-2", new CouponReturnLine("0", 1, null)).Refusal);
        Assert.Equal(0, scene.State("off-1").RedeemedCount);
    }

    [Fact]
    public void A_line_that_the_coupon_did_not_lie_on_comes_back_with_the_others_and_gives_nothing()
    {
        scene.Active(Spring with
        {
            Discount = new Discount(0, 2000, 0) { OnMatchingLines = true },
            Conditions = new OfferConditions(0, ["cake"], [], false),
        });
        var basket = Buying(("a", "cake", 2, 500), ("b", "rolls", 2, 500), ("c", "cake", 1, 10));
        var redemption = scene.Redeemed(basket).RedemptionId;

        Assert.Equal((0, false), Back("ret-1", new CouponReturnLine("1", 1, null)));
        Assert.Equal((50, false), Back("ret-2", new("1", 1, null), new("0", 1, null)));
        Assert.Equal(
            RefusalReason.ReturnExceedsPurchase,
            scene.Return(redemption, "ret-3", new CouponReturnLine("1", 1, null)).Refusal?.Reason);
        Assert.Equal(
            RefusalReason.LineNotFound, scene.Return(redemption, "ret-3", new CouponReturnLine("9", 1, null)).Refusal?.Reason);
        Assert.Equal((52, true), Back("ret-3", new("0", 1, null), new("2", 1, null)));
        Assert.Equal((0, 0), (scene.State("off-1").RedeemedCount, scene.State("off-1").DiscountMinorUnits));

        (long, bool) Back(string returnId, params CouponReturnLine[] lines)
        {
            var reversal = (CouponReversal)scene.Return(redemption, returnId, lines).Reply!;
            return (reversal.DiscountMinorUnits, reversal.IsWhole);
        }
    }

    [Fact]
    public void No_kind_takes_off_more_than_the_basket_comes_to_whatever_its_lines_say()
    {
        var till = Buying(("cola", "drinks", 1, 900));
        till = till with { Basket = till.Basket! with { TotalMinorUnits = 100 } };
        foreach (var discount in new[]
        {
            Nothing with { FreeProductId = "cola" },
            Nothing with { PricedProductId = "cola", PriceMinorUnits = 50 },
            new Discount(500, 0, 0) { OnMatchingLines = true },
            new Discount(500, 0, 0),
        })
        {
            var one = new OfferScene();
            one.Active(Spring with { Discount = discount, Conditions = new OfferConditions(0, ["drinks"], [], false) });
            Assert.Equal(100, one.Redeemed(till).DiscountMinorUnits);
        }
    }

    [Fact]
    public void A_gift_credit_is_given_whole_whatever_the_basket()
    {
        scene.Active(Spring with { Discount = Nothing with { GiftCreditMinorUnits = 500 } });

        var redemption = scene.Redeemed(Till(basket: 100));

        Assert.Equal((500, true), (redemption.DiscountMinorUnits, redemption.IsGiftCredit));
    }

    [Fact]
    public void A_discount_is_of_one_kind_with_its_own_fields()
    {
        Assert.Equal("discount", Field(Nothing with { FreeProductId = "a", GiftCreditMinorUnits = 1 }));
        Assert.Equal("discount", Field(Nothing with { GiftCreditMinorUnits = -1 }));
        Assert.Equal("discount.price", Field(Nothing with { PriceMinorUnits = 1 }));
        Assert.Equal("discount.on_matching_lines", Field(new Discount(0, 100, 0) { OnMatchingLines = true }));
    }

    private static RedeemCoupon Buying(params (string Product, string Category, long Quantity, long Amount)[] lines) =>
        Till() with
        {
            Basket = new BasketSeen(
                lines.Sum(line => line.Amount), "USD", [.. lines.Select(line => line.Category).Distinct()])
            {
                Lines =
                [
                    .. lines.Select((line, i) => new BasketLine($"{i}", line.Product, line.Category, line.Quantity, line.Amount)),
                ],
            },
        };

    private string? Missing(RedeemCoupon till) => scene.Redeem(till).Refusal?.Details
        .First(detail => detail.Name == "condition").Value;

    private string? Field(Discount discount) => scene.Create(Spring with { Discount = discount })?.Details
        .Single(detail => detail.Name == "field").Value;
}
