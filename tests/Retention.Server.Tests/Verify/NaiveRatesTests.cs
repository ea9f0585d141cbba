using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Tests.Agreements;
using Retention.Server.Verify;
using static Retention.Domain.Tests.Agreements.JointScene;
using Side = Retention.Domain.Agreements.Side;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive exchange agrees with what an agreement in two currencies lived through, and with nothing that was changed.</summary>
public sealed class NaiveRatesTests
{
    [Fact]
    public void What_was_converted_has_no_difference() =>
        Assert.All(
            (INaiveLaw[])[new NaiveRates(), new NaiveTerms(), new NaiveBilling(), new NaiveClearing()],
            law => Assert.Empty(Judging.Judged(law, Live().Books, fact => [fact], state => state)));

    [Theory]
    [InlineData("rate-recorded", "\"counter_units\":909", "\"counter_units\":910")]
    [InlineData("rate-recorded", "\"on\":\"2017-05-01\",\"units\"", "\"on\":\"2017-04-20\",\"units\"")]
    [InlineData("agreement-proposed", "\"rate_days\":3", "\"rate_days\":1")]
    [InlineData("agreement-proposed", "\"side\":\"Second\"", "\"side\":\"First\"")]
    [InlineData("redemption-pending", "\"minor_units\":-66,\"book\":\"CounterProvisional\"", "\"minor_units\":-65,\"book\":\"CounterProvisional\"")]
    [InlineData("redemption-confirmed", "\"counter_units\":909", "\"counter_units\":910")]
    [InlineData("fee-cleared", "\"book\":\"Counter\"", "\"book\":\"CounterProvisional\"")]
    [InlineData("sale-return-cleared", "\"book\":\"Counter\"", "\"book\":\"CounterProvisional\"")]
    [InlineData("settlement-confirmed", "\"counter_units\":909", "\"counter_units\":910")]
    public void A_changed_fact_is_found(string type, string was, string becomes) => Assert.NotEmpty(Judging.Judged(
        new NaiveRates(), Live().Books, Judging.Once(type, fact => [fact.Replace(was, becomes)]), state => state));

    [Theory]
    [InlineData("sale-return-cleared")]
    [InlineData("redemption-confirmed")]
    public void A_dropped_fact_is_found(string type) => Assert.NotEmpty(Judging.Judged(
        new NaiveRates(), Live().Books, Judging.Once(type, _ => []), state => state));

    private static JointScene Live()
    {
        var scene = new JointScene { ShoesCurrency = "EUR" }.Active(Terms with
        {
            MaxOpenPerCustomer = 0,
            SettlesAtSale = true,
            Fees =
            [
                new FeeTerms(FeeTrigger.Issue, true, 0, 1000),
                new FeeTerms(FeeTrigger.Redemption, true, 0, 1000),
                new FeeTerms(FeeTrigger.Period, true, 70, 0),
            ],
            Tax = new TaxTerms(TaxTreatment.Exclusive, 2100, false),
            Fx = new FxTerms(Side.Second, "EUR", "ECB", true, 200, 0, 3),
        });
        scene.Rate(Bakery, new LocalDate(2017, 5, 1), 1000, 909);
        scene.Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2");
        scene.Buy(Shoes, "p-3");
        scene.Move(Noon(2017, 5, 4));
        var sold = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Sell(Shoes, "s-1", sold);
        scene.OpenDispute(Bakery, scene.Books.Journal.Select(change => change.Fact).OfType<RedemptionConfirmed>().Last(), "d-1");
        scene.ResolveDispute(Shoes, "d-1", DisputeOutcome.Accepted, 13);
        scene.ReturnSale(Shoes, "s-1", sold, 300);
        scene.ConfirmPayment(Shoes, scene.Pay(Bakery, 40, "pay-1"));
        scene.Rate(Shoes, new LocalDate(2017, 5, 5), 1000, 911);
        scene.Move(Noon(2017, 6, 1));
        scene.Rate(Shoes, new LocalDate(2017, 6, 1), 1000, 899);
        scene.Return(Bakery, "p-1");
        return scene;
    }
}
