using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Tests.Agreements;
using Retention.Server.Verify;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive fees and taxes agree with what an agreement lived through, and with nothing that was changed.</summary>
public sealed class NaiveBillingTests
{
    [Theory]
    [InlineData(TaxTreatment.Exclusive)]
    [InlineData(TaxTreatment.Inclusive)]
    public void What_was_billed_has_no_difference(TaxTreatment treatment) =>
        Assert.Empty(Judging.Judged(new NaiveBilling(), Live(treatment).Books, fact => [fact], state => state));

    [Theory]
    [InlineData("agreement-proposed", "\"rate_bps\":2100", "\"rate_bps\":2000")]
    [InlineData("agreement-proposed", "\"amount_minor_units\":10", "\"amount_minor_units\":11")]
    [InlineData("agreement-proposed", "\"bps\":1000", "\"bps\":1200")]
    [InlineData("tax-cleared", "\"rate_bps\":2100", "\"rate_bps\":2000")]
    [InlineData("tax-cleared", "\"minor_units\":-1", "\"minor_units\":-2")]
    [InlineData("fee-cleared", "\"minor_units\":-70", "\"minor_units\":-71")]
    [InlineData("fee-reversed", "\"minor_units\":", "\"minor_units\":5")]
    [InlineData("sale-return-cleared", "\"minor_units\":", "\"minor_units\":5")]
    public void A_changed_fact_is_found(string type, string was, string becomes) => Assert.NotEmpty(Judging.Judged(
        new NaiveBilling(),
        Live(TaxTreatment.Exclusive).Books,
        Judging.Once(type, fact => [fact.Replace(was, becomes).Replace("5-", "-5")]),
        state => state));

    [Theory]
    [InlineData("tax-cleared")]
    [InlineData("fee-reversed")]
    public void A_dropped_fact_is_found(string type) => Assert.NotEmpty(Judging.Judged(
        new NaiveBilling(), Live(TaxTreatment.Exclusive).Books, Judging.Once(type, _ => []), state => state));

    private static JointScene Live(TaxTreatment treatment)
    {
        var scene = new JointScene().Active(Terms with
        {
            MaxOpenPerCustomer = 0,
            Fees =
            [
                new FeeTerms(FeeTrigger.Issue, true, 0, 1000),
                new FeeTerms(FeeTrigger.Redemption, false, 10, 0),
                new FeeTerms(FeeTrigger.Period, true, 70, 0),
            ],
            Tax = new TaxTerms(treatment, 2100, false),
        });
        scene.Buy(Bakery, "p-1");
        scene.Buy(Shoes, "p-2");
        var sold = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Sell(Shoes, "s-1", sold);
        scene.OpenDispute(Bakery, scene.Books.Journal.Select(change => change.Fact).OfType<RedemptionCleared>().Last(), "d-1");
        scene.ResolveDispute(Shoes, "d-1", DisputeOutcome.Accepted, 13);
        scene.ReturnSale(Shoes, "s-1", sold, 300);
        scene.Redeemed(Bakery, scene.Wallet(Shoes)[0]);
        scene.Return(Shoes, "p-2");
        var charged = scene.Books.Journal.Select(change => change.Fact).OfType<FeeCleared>().First();
        scene.OpenDispute(Bakery, charged, "d-2");
        scene.ResolveDispute(Shoes, "d-2", DisputeOutcome.Accepted, 25);
        return scene;
    }
}
