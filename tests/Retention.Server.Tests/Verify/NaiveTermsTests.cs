using Retention.Domain.Tests.Agreements;
using Retention.Server.Verify;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive versions agree with what an agreement lived through, and with nothing that was changed afterwards.</summary>
public sealed class NaiveTermsTests
{
    [Fact]
    public void An_amended_agreement_has_no_difference() =>
        Assert.Empty(Judging.Judged(new NaiveTerms(), Live().Books, fact => [fact], state => state));

    [Theory]
    [InlineData("agreement-amended", "\"terms_version\":2", "\"terms_version\":3")]
    [InlineData("agreement-amended", "\"discount_minor_units\":300", "\"discount_minor_units\":299")]
    [InlineData("agreement-amended", "\"issuer_share_bps\":5000", "\"issuer_share_bps\":6000")]
    [InlineData("agreement-proposed", "\"issuer_share_bps\":3333", "\"issuer_share_bps\":3000")]
    [InlineData("joint-coupon-issued", "\"terms_version\":1", "\"terms_version\":2")]
    [InlineData("joint-coupon-redeemed", "\"credit_minor_units\":66", "\"credit_minor_units\":100")]
    public void A_changed_fact_is_found(string type, string was, string becomes) => Assert.NotEmpty(Judging.Judged(
        new NaiveTerms(), Live().Books, Judging.Once(type, fact => [fact.Replace(was, becomes)]), state => state));

    [Theory]
    [InlineData("\"terms_version\":2", "\"terms_version\":1")]
    [InlineData("\"proposed_version\":3", "\"proposed_version\":0")]
    [InlineData("\"earlier\":\\[.*?\\}\\}\\]", "\"earlier\":[]")]
    public void A_changed_agreement_is_found(string was, string becomes) => Assert.NotEmpty(Judging.Judged(
        new NaiveTerms(), Live().Books, fact => [fact], Judging.Regex("agreement", was, becomes)));

    private static JointScene Live()
    {
        var scene = new JointScene().Active(Terms with { MaxOpenPerCustomer = 0 });
        scene.Buy(Bakery, "p-1");
        scene.Amend(Shoes, Terms with { DiscountMinorUnits = 300, IssuerShareBps = 5000, MaxOpenPerCustomer = 0 });
        Assert.Null(scene.Accept(Bakery, 2).Refusal);
        scene.Books.Deliver();
        scene.Buy(Bakery, "p-2");
        foreach (var code in scene.Wallet(Bakery).ToArray())
        {
            scene.Redeemed(Shoes, code);
        }

        scene.Amend(Bakery, Terms);
        return scene;
    }
}
