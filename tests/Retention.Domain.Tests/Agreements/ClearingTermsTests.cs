using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Fees, tax, credit and caps of an agreement (JC2, JC4, JC5, JC9).</summary>
public sealed class ClearingTermsTests
{
    private static readonly AgreementTerms Wide = Terms with { MaxOpenPerCustomer = 0 };

    private readonly JointScene scene = new();

    [Fact]
    public void Fees_are_entries_in_the_commit_of_what_they_are_for()
    {
        Begin(Wide with
        {
            Fees =
            [
                new FeeTerms(FeeTrigger.Issue, true, 5, 0),
                new FeeTerms(FeeTrigger.Redemption, false, 0, 1000),
                new FeeTerms(FeeTrigger.Period, true, 100, 0),
            ],
        });
        Assert.Equal([("FEE", -100L)], Kinds());

        scene.Buy(Bakery, "p-1");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);

        Assert.Equal([("FEE", -100L), ("FEE", -5), ("REDEEMED", -66), ("FEE", 19)], Kinds());
        Assert.Equal((-66, -86, -152), (Period.Redeemed, Period.Fees, Period.Closing));
        Assert.Equal(-66, -scene.Account.First.Net);
    }

    [Fact]
    public void A_months_fee_is_charged_when_the_month_begins_while_the_agreement_lasts()
    {
        Begin(Terms with { Fees = [new FeeTerms(FeeTrigger.Period, true, 100, 0)] });
        scene.Move(LastInstantOf(2017, 7, 31));
        Assert.Equal(-300, scene.Account.FirstNet);

        scene.Pause(Shoes);
        Assert.Equal([new LocalDate(2017, 5, 1), new LocalDate(2017, 6, 1), new LocalDate(2017, 7, 1)], scene.Lines.Select(line => line.Day));
        scene.End(Bakery);
        scene.Move(Noon(2017, 9, 1));

        Assert.Equal(-300, scene.Account.FirstNet);
    }

    [Fact]
    public void A_redemptions_fee_goes_back_with_its_credit_and_by_its_share()
    {
        Begin(Wide with { Fees = [new FeeTerms(FeeTrigger.Redemption, true, 10, 0)] });
        scene.Buy(Bakery, "p-1");
        var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Sell(Shoes, "s-1", redemption);
        scene.ReturnSale(Shoes, "s-1", redemption, 500);
        Assert.Equal((33, 5), (-Period.Redeemed + Period.Reversed, -Period.Fees));

        scene.Reverse(Shoes, redemption);

        Assert.Equal((0, 0), (scene.Account.FirstNet, Period.Fees));
    }

    [Fact]
    public void Exclusive_tax_is_an_entry_beside_each_and_goes_back_exactly()
    {
        Begin(Wide with { Tax = new TaxTerms(TaxTreatment.Exclusive, 2100, false) });
        scene.Buy(Bakery, "p-1");
        var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        Assert.Equal([("REDEEMED", -66L), ("TAX", -14)], Kinds());
        Assert.EndsWith("||rate_bps=2100;taxed_entry=1", scene.Lines[1].ToString(), StringComparison.Ordinal);

        scene.Sell(Shoes, "s-1", redemption);
        scene.ReturnSale(Shoes, "s-1", redemption, 333);
        scene.ReturnSale(Shoes, "s-1", redemption, 666);
        scene.ReturnSale(Shoes, "s-1", redemption, 1000);

        Assert.Equal((0, 0, 0), (scene.Account.FirstNet, Period.Tax, Period.Closing));
    }

    [Theory]
    [InlineData(TaxTreatment.Exclusive, 2100, 66, 14)]
    [InlineData(TaxTreatment.Exclusive, 500, 10, 1)]
    [InlineData(TaxTreatment.Exclusive, 500, -10, -1)]
    [InlineData(TaxTreatment.Exclusive, 499, 10, 0)]
    [InlineData(TaxTreatment.Inclusive, 2000, 120, 20)]
    [InlineData(TaxTreatment.Inclusive, 2000, 3, 1)]
    [InlineData(TaxTreatment.None, 2000, 100, 0)]
    public void Tax_rounds_half_a_unit_away_from_zero(TaxTreatment treatment, int rate, long amount, long tax)
    {
        Assert.Equal(tax, new TaxTerms(treatment, rate, false).Of(amount));
    }

    [Fact]
    public void Inclusive_tax_moves_nothing_and_is_told_in_line_and_statement()
    {
        Begin(Wide with { Tax = new TaxTerms(TaxTreatment.Inclusive, 2000, false) });
        scene.Buy(Bakery, "p-1");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);

        Assert.Equal((-66, -11), (scene.Account.FirstNet, Period.TaxIncluded));
        Assert.EndsWith("|tax_included=-11", scene.Lines[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Issue_stops_when_debt_and_open_coupons_would_exceed_the_limit_and_redemption_never_does()
    {
        Begin(Wide with { Credit = new CreditTerms(140, 0) });
        scene.Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2");
        Assert.Equal(132, scene.Account.ExposureOf(Domain.Agreements.Side.First));
        Assert.True(scene.Account.IsAlerting(Domain.Agreements.Side.First, new CreditTerms(140, 0)));
        scene.Buy(Bakery, "p-3");
        Assert.Equal([SuppressionReason.CreditExhausted], scene.Suppressions);
        Assert.Equal(new SuppressedCount(SuppressionReason.CreditExhausted, 1), Assert.Single(scene.Account.First.SuppressedBy));

        foreach (var code in scene.Wallet(Bakery))
        {
            scene.Redeemed(Shoes, code);
        }

        Assert.Equal((-132, 132), (scene.Account.FirstNet, scene.Account.ExposureOf(Domain.Agreements.Side.First)));
        scene.Buy(Shoes, "p-4");
        scene.Redeemed(Bakery, scene.Wallet(Shoes)[0]);
        scene.Buy(Bakery, "p-5");
        Assert.Equal(132, scene.Account.ExposureOf(Domain.Agreements.Side.First));
    }

    [Fact]
    public void Expiry_frees_the_reserve_and_a_provisional_redemption_keeps_it()
    {
        Begin(Wide with { Credit = new CreditTerms(100, 0), SettlesAtSale = true });
        scene.Buy(Bakery, "p-1");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Buy(Bakery, "p-2");
        Assert.Equal([SuppressionReason.CreditExhausted], scene.Suppressions);

        scene.Move(Noon(2017, 5, 9));
        scene.Buy(Bakery, "p-3");
        Assert.Equal(66, scene.Account.ExposureOf(Domain.Agreements.Side.First));
        scene.Move(Noon(2017, 7, 1));

        Assert.Equal(0, scene.Account.ExposureOf(Domain.Agreements.Side.First));
    }

    [Fact]
    public void Without_a_deposit_a_prepaid_brand_issues_nothing()
    {
        Begin(Wide with { Credit = new CreditTerms(0, 0) });
        scene.Buy(Bakery, "p-1");

        Assert.Equal([SuppressionReason.CreditExhausted], scene.Suppressions);
    }

    [Fact]
    public void A_brand_bears_no_more_for_a_months_coupons_than_its_cap()
    {
        Begin(Wide with { Caps = new CapTerms(0, 266, 0, 0, 0) });
        scene.Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2");
        scene.Buy(Bakery, "p-3");
        Assert.Equal([SuppressionReason.FundingCap], scene.Suppressions);

        // In the mirrored leg the shoe shop issues and bears 66.
        scene.Buy(Shoes, "p-4");
        Assert.Equal(2, scene.Suppressions.Count());
        scene.Move(Noon(2017, 6, 1));
        scene.Buy(Bakery, "p-5");

        Assert.Equal((66, 133), (Period.FirstFunded, Period.SecondFunded));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(3, 2)]
    public void A_chain_of_coupons_given_for_purchases_that_used_one_is_as_long_as_the_terms_allow(int depth, int more)
    {
        Begin(Wide with { Caps = new CapTerms(0, 0, 0, 0, depth) });
        scene.Buy(Bakery, "p-1");
        var (at, given) = (Shoes, 0);
        var code = scene.Wallet(Bakery)[0];
        for (var step = 0; step < 4; step++)
        {
            var redemption = scene.Redeemed(at, code);
            scene.BuyWith(at, $"c-{step}", redemption);
            if (scene.Wallet(at).Count == 0) break;
            given++;
            code = scene.Wallet(at)[0];
            at = at == Shoes ? Bakery : Shoes;
        }

        Assert.Equal(more, given);
        Assert.Equal([SuppressionReason.ChainDepth], scene.Suppressions);
    }

    private PeriodTotals Period => scene.Account.Period!;

    private void Begin(AgreementTerms terms) => scene.Active(terms);

    private IEnumerable<(string, long)> Kinds() => scene.Lines.Select(line => (line.Kind, line.FirstCredit));
}
