using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Tests.Agreements;
using Retention.Server.Verify;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive books agree with what an agreement lived through, and with nothing that was changed afterwards.</summary>
public sealed class NaiveClearingTests
{
    private static readonly JointScene Lived = Live();

    [Fact]
    public void A_lived_agreement_has_no_difference()
    {
        Assert.Empty(Judging.Judged(new NaiveClearing(), Lived.Books, fact => [fact], state => state));
    }

    [Theory]
    [InlineData("redemption-cleared", "\"minor_units\":66", "\"minor_units\":67")]
    [InlineData("redemption-cleared", "\"number\":1", "\"number\":2")]
    [InlineData("redemption-cleared", "\"redemption\":\"red_", "\"redemption\":\"blue_")]
    [InlineData("redemption-cleared", "\"entity_id\":\"north\"", "\"entity_id\":\"south\"")]
    [InlineData("claw-back-cleared", "\"minor_units\":-66", "\"minor_units\":-65")]
    [InlineData("reversal-cleared", "\"on\":\"2017-06", "\"on\":\"2017-07")]
    [InlineData("joint-coupon-redeemed", "\"credit_minor_units\":66", "\"credit_minor_units\":65")]
    [InlineData("joint-coupon-issued", "\"leg_id\":\"1\"", "\"leg_id\":\"2\"")]
    public void A_changed_fact_is_found(string type, string was, string becomes)
    {
        var differences = Judging.Judged(
            new NaiveClearing(), Lived.Books, Judging.Once(type, fact => [fact.Replace(was, becomes)]), state => state);

        Assert.Contains(differences, difference => difference.Grain.StartsWith("a/agr-1/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("issue-counted", true)]
    [InlineData("joint-coupon-issued", true)]
    [InlineData("joint-coupon-redeemed", true)]
    [InlineData("joint-coupon-voided", true)]
    [InlineData("joint-coupon-reopened", true)]
    [InlineData("joint-trigger-returned", true)]
    [InlineData("redemption-cleared", true)]
    [InlineData("reversal-cleared", true)]
    [InlineData("claw-back-cleared", true)]
    public void A_dropped_fact_is_found_where_it_told_of_a_coupon_or_of_money(string type, bool isFound)
    {
        var differences = Judging.Judged(
            new NaiveClearing(), Lived.Books, Judging.Once(type, _ => []), state => state);

        Assert.Equal(isFound, differences.Count > 0);
    }

    [Theory]
    [InlineData("joint-coupon-redeemed")]
    [InlineData("redemption-cleared")]
    [InlineData("claw-back-cleared")]
    public void A_doubled_fact_is_found(string type)
    {
        Assert.NotEmpty(Judging.Judged(
            new NaiveClearing(), Lived.Books, Judging.Once(type, fact => [fact, fact]), state => state));
    }

    [Theory]
    [InlineData("\"first_net\":-?\\d+", "\"first_net\":5")]
    [InlineData("\"second_net\":-?\\d+", "\"second_net\":5")]
    [InlineData("\"issued\":\\d+", "\"issued\":77")]
    [InlineData("\"consumed\":\\d+", "\"consumed\":77")]
    [InlineData("\"expired\":\\d+", "\"expired\":77")]
    [InlineData("\"voided\":\\d+", "\"voided\":77")]
    [InlineData("\"clawed_back\":\\d+", "\"clawed_back\":77")]
    [InlineData("\"opening\":-?\\d+", "\"opening\":77")]
    [InlineData("\"redeemed\":-?\\d+", "\"redeemed\":77")]
    [InlineData("\"reversed\":-?\\d+", "\"reversed\":77")]
    [InlineData("\"fees\":-?\\d+", "\"fees\":77")]
    [InlineData("\"tax\":-?\\d+", "\"tax\":77")]
    [InlineData("\"paid\":-?\\d+", "\"paid\":77")]
    [InlineData("\"entity_id\":\"north\"", "\"entity_id\":\"south\"")]
    [InlineData("\"lines_hash\":\"[0-9a-f]+", "\"lines_hash\":\"00")]
    public void A_changed_account_is_found_and_named(string was, string becomes)
    {
        var differences = Judging.Judged(
            new NaiveClearing(), Lived.Books, fact => [fact], Judging.Regex("account", was, becomes));

        Assert.Contains(differences, difference => difference.Grain == "a/agr-1/account/agr-1");
    }

    [Fact]
    public void A_changed_coupon_is_found()
    {
        Assert.NotEmpty(Judging.Judged(
            new NaiveClearing(),
            Lived.Books,
            fact => [fact],
            Judging.Regex("joint-coupon", "\"status\":\"Redeemed\"", "\"status\":\"Open\"")));
    }

    [Theory]
    [InlineData("redemption-pending", "\"minor_units\":66", "\"minor_units\":67")]
    [InlineData("redemption-confirmed", "\"minor_units\":66", "\"minor_units\":67")]
    [InlineData("redemption-unconfirmed", "\"minor_units\":66", "\"minor_units\":67")]
    [InlineData("sale-return-cleared", "\"returned_minor_units\":500", "\"returned_minor_units\":501")]
    [InlineData("joint-credit-taken-back", "\"credit_minor_units\":33", "\"credit_minor_units\":34")]
    [InlineData("joint-sale-seen", "\"$type\":\"joint-sale-seen\"", "\"$type\":\"joint-sale-unseen\"")]
    public void A_changed_fact_of_a_sale_is_found(string type, string was, string becomes)
    {
        var lived = LiveAtSale();
        Assert.Empty(Judging.Judged(new NaiveClearing(), lived.Books, fact => [fact], state => state));

        Assert.NotEmpty(Judging.Judged(
            new NaiveClearing(), lived.Books, Judging.Once(type, fact => [fact.Replace(was, becomes)]), state => state));
    }

    [Fact]
    public void An_accepted_dispute_over_the_fee_of_an_issue_is_not_owed_by_its_coupon()
    {
        var scene = new JointScene().Active(Terms with { Fees = [new FeeTerms(FeeTrigger.Issue, true, 20, 0)] });
        scene.Buy(Bakery, "p-1");
        var fee = scene.Books.Journal.Select(change => change.Fact).OfType<FeeCleared>().Single();
        scene.OpenDispute(Bakery, fee, "d-1");
        Assert.Null(scene.ResolveDispute(Shoes, "d-1", DisputeOutcome.Accepted).Refusal);

        Assert.Equal(0, scene.Account.SecondNet);
        Assert.Empty(Judging.Judged(new NaiveClearing(), scene.Books, fact => [fact], state => state));
    }

    // Confirmed and returned in part; unconfirmed; confirmed late; still provisional.
    private static JointScene LiveAtSale()
    {
        var scene = new JointScene().Active(
            Terms with { MaxOpenPerCustomer = 0, SettlesAtSale = true, ConfirmWithinSeconds = 3600 });
        foreach (var (purchase, at) in (IEnumerable<(string, int)>)[("p-1", 1), ("p-2", 2), ("p-3", 3), ("p-4", 4)])
        {
            scene.Move(Noon(2017, 5, at));
            scene.Buy(Bakery, purchase);
            var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
            if (at == 1)
            {
                scene.Sell(Shoes, "s-1", redemption);
                scene.ReturnSale(Shoes, "s-1", redemption, 500);
            }

            if (at == 3)
            {
                scene.Move(Noon(2017, 5, at) + NodaTime.Duration.FromHours(2));
                scene.Sell(Shoes, "s-3", redemption);
            }
        }

        return scene;
    }

    // Redeemed, reversed and redeemed again; clawed back; voided; outdated; in two months.
    private static JointScene Live()
    {
        var scene = new JointScene().Active(Terms with { MaxOpenPerCustomer = 0 });
        scene.Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2", "bert");
        scene.Buy(Shoes, "p-3");
        scene.Entity = "north";
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Return(Bakery, "p-2", "bert");
        scene.Move(Noon(2017, 5, 20));
        scene.Buy(Bakery, "p-4");
        scene.Buy(Bakery, "p-5", "bert");
        scene.Return(Bakery, "p-1");
        var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Move(Noon(2017, 6, 3));
        scene.Reverse(Shoes, redemption);
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Buy(Shoes, "p-6");
        scene.Redeemed(Bakery, scene.Wallet(Shoes)[^1]);
        return scene;
    }
}
