using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>Fees, tax, credit and caps over gRPC.</summary>
public sealed class ClearingTermsTests
{
    [Fact]
    public async Task Fees_and_tax_are_entries_and_lines_of_the_statement()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
        {
            terms.Fees.Add(new Fee { Trigger = FeeTrigger.Period, Payer = LegRole.Issuing, Amount = Usd(100) });
            terms.Fees.Add(new Fee { Trigger = FeeTrigger.Issue, Payer = LegRole.Issuing, Amount = Usd(5) });
            terms.Fees.Add(new Fee { Trigger = FeeTrigger.Redemption, Payer = LegRole.Redeeming, ShareBps = 1000 });
            terms.Tax = new TaxTerms { Treatment = TaxTreatment.Exclusive, RateBps = 2100 };
        });
        await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);

        Assert.Equal(
            [
                (ClearingKind.Fee, 100L), (ClearingKind.Tax, 21), (ClearingKind.Fee, 5), (ClearingKind.Tax, 1),
                (ClearingKind.Redeemed, 66), (ClearingKind.Tax, 14), (ClearingKind.Fee, -19), (ClearingKind.Tax, -4),
            ],
            (await shops.EntriesAsync()).Select(entry => (entry.Kind, entry.Postings[1].Amount.MinorUnits)));
        var statement = await shops.StatementAsync("2017-05");
        Assert.Equal(
            (66, 86, 32, 184, 184),
            (statement.Redeemed.MinorUnits, statement.Fees.MinorUnits, statement.Tax.MinorUnits, statement.Net.MinorUnits, statement.Closing.MinorUnits));
        Assert.Equal(shops.Shoes.BrandId, statement.InvoiceIssuer);
        Assert.Equal((184, 0), await shops.OwedAsync());
        var terms = (await shops.Shoes.Agreement(shops.AgreementId)).Reply.Agreement.Terms;
        Assert.Equal((3, 2100), (terms.Fees.Count, terms.Tax.RateBps));
    }

    [Fact]
    public async Task Issue_stops_at_the_credit_limit_and_the_report_says_why()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
        {
            terms.Trigger.MaxOpenPerCustomer = 0;
            terms.CreditLimit = new CreditTerms { Limit = Usd(140) };
        });
        var code = await shops.BuyAsync("p-1");
        Assert.NotNull(await shops.BuyAsync("p-2", "bert"));
        Assert.Null(await shops.BuyAsync("p-3"));

        var credit = (await shops.Bakery.Position(shops.AgreementId)).Positions[0].Credit;
        Assert.Equal(
            (132, 132, 8, true),
            (credit.Reserved.MinorUnits, credit.Exposure.MinorUnits, credit.Available.MinorUnits, credit.IsAlerting));
        var told = Assert.Single((await shops.Bakery.Report(shops.AgreementId)).Legs[0].SuppressedBy);
        Assert.Equal(("CREDIT_EXHAUSTED", 1L), (told.Reason, told.Count));

        await shops.RedeemAsync(code!);
        Assert.Equal((66, 0), await shops.OwedAsync());
    }

    [Fact]
    public async Task A_coupon_given_for_a_purchase_that_used_one_ends_where_the_terms_end_the_chain()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms => terms.Caps = new JointCaps { ChainDepth = 1 });
        var redemption = await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);

        await shops.SellAsync(shops.Shoes, "carl", "s-1", redemption);

        var told = Assert.Single((await shops.Shoes.Report(shops.AgreementId)).Legs[1].SuppressedBy);
        Assert.Equal(("CHAIN_DEPTH", 1L), (told.Reason, told.Count));
    }

    [Fact]
    public async Task Terms_of_clearing_beyond_their_bounds_are_refused_by_field()
    {
        await using var server = await TestServer.StartAsync();
        var (bakery, shoes) = (await server.CreateTenantAsync(), await server.CreateTenantAsync());

        Assert.Equal("terms.fees", await FieldOf(terms => terms.Fees.Add(
            new Fee { Trigger = FeeTrigger.Issue, Payer = LegRole.Issuing, Amount = Usd(1), ShareBps = 1 })));
        Assert.Equal("terms.fees.payer", await FieldOf(terms => terms.Fees.Add(
            new Fee { Trigger = FeeTrigger.Issue, Amount = Usd(1) })));
        Assert.Equal("terms.tax.rate_bps", await FieldOf(terms => terms.Tax = new TaxTerms { RateBps = 10_001 }));
        Assert.Equal("terms.credit_limit.limit", await FieldOf(terms =>
        {
            terms.Prepaid = true;
            terms.CreditLimit = new CreditTerms { Limit = Usd(1) };
        }));
        Assert.Equal("terms.caps.chain_depth", await FieldOf(terms => terms.Caps = new JointCaps { ChainDepth = 11 }));
        Assert.Equal("terms.caps.funding.brand", await FieldOf(terms => terms.Caps = new JointCaps
        {
            Funding = { new FundingCap { Brand = "nobody", Amount = Usd(1) } },
        }));

        async Task<string> FieldOf(Action<AgreementTerms> change)
        {
            var proposal = AgreementCalls.Proposal(bakery, shoes);
            change(proposal.Terms);
            var refused = await bakery.Propose(proposal);
            Assert.Equal("FIELD_INVALID", refused.Reason);
            return refused.Raw.Info!.Metadata["field"];
        }
    }
}
