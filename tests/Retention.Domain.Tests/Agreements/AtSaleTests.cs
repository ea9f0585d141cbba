using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>A redemption needs its sale: until that arrives, its entry is provisional (JC12).</summary>
public sealed class AtSaleTests
{
    private static readonly AgreementTerms AtSale = Terms with { SettlesAtSale = true, ConfirmWithinSeconds = 3600 };

    private readonly JointScene scene = new JointScene().Active(AtSale);
    private readonly Instant redeemedAt = Noon(2017, 5, 1);

    [Fact]
    public void A_redemption_is_provisional_until_its_sale_arrives()
    {
        var redemption = Redeemed();
        Assert.Equal((0, 66), (scene.Account.SecondNet, scene.Account.SecondProvisional));

        scene.Sell(Shoes, "s-1", redemption);

        Assert.Equal((66, 0), (scene.Account.SecondNet, scene.Account.SecondProvisional));
        Assert.Equal((-66, 0), (scene.Account.FirstNet, scene.Account.FirstProvisional));
        Assert.Equal(["PROVISIONAL", "CONFIRMED"], scene.Lines.Select(line => line.Kind));
        Assert.EndsWith("|USD|0|0||provisional=-66", scene.Lines[0].ToString(), StringComparison.Ordinal);
        Assert.EndsWith("|USD|-66|66||provisional=66", scene.Lines[1].ToString(), StringComparison.Ordinal);
        Assert.Equal(-66, scene.Account.Period!.Redeemed);
    }

    [Fact]
    public void A_sale_confirms_once_however_often_and_by_whomever_it_is_named()
    {
        var redemption = Redeemed();
        scene.Sell(Shoes, "s-1", redemption);
        scene.Sell(Shoes, "s-1", redemption);
        scene.Sell(Shoes, "s-2", redemption);
        scene.Sell(Bakery, "s-3", redemption);

        Assert.Equal(2, scene.Lines.Count);
    }

    [Fact]
    public void Only_the_redeeming_brand_confirms()
    {
        var redemption = Redeemed();
        scene.Sell(Bakery, "s-1", redemption);
        scene.Sell(Stranger, "s-1", redemption);

        Assert.Equal((0, 66), (scene.Account.SecondNet, scene.Account.SecondProvisional));
    }

    [Fact]
    public void The_entry_stands_to_the_last_instant_of_the_wait_and_a_read_shows_its_end()
    {
        Redeemed();
        scene.Move(redeemedAt + Duration.FromHours(1) - Duration.FromNanoseconds(1));
        Assert.Equal(66, scene.Account.SecondProvisional);

        scene.Move(redeemedAt + Duration.FromHours(1));

        Assert.Equal((0, 0), (scene.Account.SecondNet, scene.Account.SecondProvisional));
        Assert.Equal((1, 1, 0, 0, 0, 0), scene.Counts("1"));
    }

    [Fact]
    public void The_next_turn_stores_the_end_of_the_wait_at_its_exact_moment_and_in_its_month()
    {
        scene.Move(LastInstantOf(2017, 5, 31));
        Redeemed();
        scene.Move(Noon(2017, 7, 5));
        scene.Buy(Bakery, "p-2", "bert");

        var line = scene.Lines[^1];
        Assert.Equal("UNCONFIRMED", line.Kind);
        Assert.Equal(LastInstantOf(2017, 5, 31) + Duration.FromHours(1), line.At);
        Assert.Equal((1, 1), (scene.Account.Closed[0].Lines, scene.Account.Closed[1].Lines));
        Assert.Equal((-66, 0), (scene.Account.Closed[0].Provisional, scene.Account.Closed[1].Provisional));
    }

    [Fact]
    public void A_late_sale_is_cleared_in_the_open_period()
    {
        var redemption = Redeemed();
        scene.Move(Noon(2017, 6, 20));

        scene.Sell(Shoes, "s-1", redemption);

        Assert.Equal(["PROVISIONAL", "UNCONFIRMED", "CONFIRMED"], scene.Lines.Select(line => line.Kind));
        Assert.Equal((66, 0), (scene.Account.SecondNet, scene.Account.SecondProvisional));
        Assert.Equal((0, -66), (scene.Account.Closed[0].Redeemed, scene.Account.Period!.Redeemed));
    }

    [Fact]
    public void A_reversal_before_the_sale_takes_the_provisional_entry_back_and_the_sale_then_clears_nothing()
    {
        var redemption = Redeemed();
        scene.Reverse(Shoes, redemption);
        scene.Sell(Shoes, "s-1", redemption);

        Assert.Equal((0, 0), (scene.Account.SecondNet, scene.Account.SecondProvisional));
        Assert.Equal(["PROVISIONAL", "REVERSED"], scene.Lines.Select(line => line.Kind));
        Assert.Equal((1, 0, 0, 1, 0, 0), scene.Counts("1"));
    }

    [Fact]
    public void A_reversal_after_the_wait_has_nothing_left_to_take_back()
    {
        var redemption = Redeemed();
        scene.Move(Noon(2017, 5, 3));
        scene.Reverse(Shoes, redemption);

        Assert.Equal((1, 0, 0, 1, 0, 0), scene.Counts("1"));
        Assert.Equal(["PROVISIONAL", "UNCONFIRMED"], scene.Lines.Select(line => line.Kind));
    }

    [Fact]
    public void The_return_of_the_trigger_claws_back_what_is_provisional_and_a_sale_clears_it_no_more()
    {
        var redemption = Redeemed();
        scene.Return(Bakery, "p-1");
        scene.Sell(Shoes, "s-1", redemption);
        scene.Move(Noon(2017, 5, 3));
        scene.Buy(Bakery, "p-2", "bert");

        Assert.Equal((0, 0), (scene.Account.SecondNet, scene.Account.SecondProvisional));
        Assert.Equal(["PROVISIONAL", "CLAWED_BACK"], scene.Lines.Select(line => line.Kind));
        Assert.Equal((2, 1, 0, 1, 0, 1), scene.Counts("1"));
    }

    [Fact]
    public void Returns_of_the_sale_take_back_their_share_and_the_last_takes_the_rest()
    {
        var redemption = Redeemed();
        scene.Sell(Shoes, "s-1", redemption, 900);
        scene.ReturnSale(Shoes, "s-1", redemption, 100, 900);
        Assert.Equal(59, scene.Account.SecondNet);
        scene.ReturnSale(Shoes, "s-1", redemption, 200, 900);
        scene.ReturnSale(Shoes, "s-1", redemption, 200, 900);
        Assert.Equal(52, scene.Account.SecondNet);

        scene.ReturnSale(Shoes, "s-1", redemption, 900, 900);

        Assert.Equal((0, 0), (scene.Account.FirstNet, scene.Account.SecondNet));
        Assert.Equal((1, 1, 0, 0, 0, 0), scene.Counts("1"));
        Assert.Equal(0, scene.Account.Period!.Closing);
    }

    [Fact]
    public void Of_a_sale_that_the_coupon_paid_for_the_credit_goes_back_with_the_last_of_it()
    {
        var redemption = Redeemed();
        scene.Sell(Shoes, "s-1", redemption, total: 0);

        scene.ReturnSale(Shoes, "s-1", redemption, returned: 0, total: 0, isWhole: false);
        Assert.Equal(66, scene.Account.SecondNet);

        scene.ReturnSale(Shoes, "s-1", redemption, returned: 0, total: 0, isWhole: true);
        Assert.Equal(0, scene.Account.SecondNet);
    }

    [Fact]
    public void A_return_of_the_sale_counts_where_redemptions_clear_at_once_too()
    {
        var atOnce = new JointScene().Active();
        atOnce.Buy(Bakery, "p-1");
        var redemption = atOnce.Redeemed(Shoes, atOnce.Wallet(Bakery)[0]);
        atOnce.Sell(Shoes, "s-1", redemption);
        atOnce.ReturnSale(Shoes, "s-1", redemption, 500);

        Assert.Equal(33, atOnce.Account.SecondNet);
        atOnce.Reverse(Shoes, redemption);
        Assert.Equal(0, atOnce.Account.SecondNet);
    }

    [Fact]
    public void Returns_of_the_sale_take_their_share_of_what_a_contested_claw_back_gave_back()
    {
        var scene = new JointScene().Active();
        scene.Buy(Bakery, "p-1");
        var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Sell(Shoes, "s-1", redemption);
        scene.Return(Bakery, "p-1");
        scene.OpenDispute(Shoes, scene.Books.Journal.Select(change => change.Fact).OfType<ClawBackCleared>().Single(), "d-1");
        Assert.Null(scene.ResolveDispute(Bakery, "d-1", DisputeOutcome.Accepted, 20).Refusal);
        Assert.Equal(20, scene.Account.SecondNet);

        scene.ReturnSale(Shoes, "s-1", redemption, 500);
        Assert.Equal(10, scene.Account.SecondNet);
        scene.ReturnSale(Shoes, "s-1", redemption, 1000);
        Assert.Equal(0, scene.Account.SecondNet);
    }

    [Fact]
    public void A_return_that_names_another_sale_takes_nothing_back()
    {
        var redemption = Redeemed();
        scene.Sell(Shoes, "s-1", redemption);
        scene.ReturnSale(Shoes, "s-2", redemption, 1000);

        Assert.Equal(66, scene.Account.SecondNet);
    }

    private string Redeemed()
    {
        scene.Buy(Bakery, "p-1");
        return scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
    }
}
