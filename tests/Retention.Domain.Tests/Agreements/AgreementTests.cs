using Retention.Domain.Agreements;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

public sealed class AgreementTests
{
    private readonly JointScene scene = new();

    [Fact]
    public void An_agreement_issues_when_both_sides_have_accepted_one_version_of_the_terms()
    {
        scene.Propose(Terms);
        scene.Books.Deliver();

        Assert.Equal(AgreementStatus.Proposed, scene.Agreement.Status);
        Assert.Empty(scene.TenantOf(Bakery).Triggers);

        Assert.Null(scene.Accept(Shoes).Refusal);
        scene.Books.Deliver();
        Assert.Equal(AgreementStatus.Active, scene.Agreement.Status);
        Assert.Equal("bread", Assert.Single(scene.TenantOf(Bakery).Triggers).BrandId);
        Assert.Equal("boots", Assert.Single(scene.TenantOf(Shoes).Triggers).BrandId);
    }

    [Fact]
    public void Both_tenants_hear_of_a_proposal_and_nobody_else()
    {
        scene.Propose(Terms);
        scene.Books.Deliver();

        Assert.Equal(("bread", "boots"), Brands(Bakery));
        Assert.Equal(("boots", "bread"), Brands(Shoes));
        Assert.Empty(scene.TenantOf(Stranger).Agreements);
    }

    [Fact]
    public void Without_a_mirrored_leg_only_the_first_side_issues()
    {
        scene.Active(Terms with { IsMirrored = false });

        Assert.Single(scene.TenantOf(Bakery).Triggers);
        Assert.Empty(scene.TenantOf(Shoes).Triggers);
    }

    [Fact]
    public void Accepting_twice_changes_nothing_and_another_version_is_refused()
    {
        scene.Active();

        Assert.True(scene.Accept(Shoes).ChangesNothing);
        Assert.True(scene.Accept(Bakery).ChangesNothing);
        Assert.Equal(RefusalReason.TermsVersionMismatch, scene.Accept(Shoes, 2).Refusal?.Reason);
    }

    [Fact]
    public void Whoever_is_no_party_is_told_that_the_agreement_does_not_exist()
    {
        scene.Active();

        Assert.Equal(RefusalReason.AgreementNotFound, scene.Accept(Stranger).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementNotFound, scene.Pause(Stranger).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementNotFound, scene.Resume(Stranger).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementNotFound, scene.End(Stranger).Refusal?.Reason);
        Assert.Equal(
            scene.Books.Refused(turn => AgreementTurns.Get(turn, scene.Asks(Stranger), Id)).Reason,
            scene.Books.Refused(turn => AgreementTurns.Get(turn, scene.Asks(Stranger), "agr-9")).Reason);
    }

    [Fact]
    public void Only_a_party_proposes_in_its_own_currency_and_an_id_once()
    {
        Assert.Equal(RefusalReason.NotAParty, scene.Propose(Terms, Stranger).Refusal?.Reason);
        Assert.Equal(RefusalReason.CurrencyMismatch, scene.Propose(Terms with { Currency = "EUR" }).Refusal?.Reason);
        Assert.Null(scene.Propose(Terms).Refusal);
        Assert.Equal(RefusalReason.AgreementExists, scene.Propose(Terms).Refusal?.Reason);
        Assert.Equal(RefusalReason.CurrencyMismatch, scene.Accept(Shoes, 1, "EUR").Refusal?.Reason);
    }

    [Fact]
    public void Terms_that_are_not_sound_are_refused()
    {
        Assert.Equal(RefusalReason.FieldInvalid, Refused(Terms with { DiscountMinorUnits = 0 }));
        Assert.Equal(RefusalReason.FieldInvalid, Refused(Terms with { DaysValid = 367 }));
        Assert.Equal(RefusalReason.FieldInvalid, Refused(Terms with { MaxOpenPerCustomer = 51 }));
        Assert.Equal(RefusalReason.FieldInvalid, Refused(Terms with { TimeZone = "Europe/Atlantis" }));
        Assert.Equal(RefusalReason.FundingNotWhole, Refused(Terms with { IssuerShareBps = 10_001 }));
    }

    [Fact]
    public void Either_side_pauses_and_only_its_own_pause_is_its_to_take_back()
    {
        scene.Active();

        Assert.Null(scene.Pause(Shoes).Refusal);
        scene.Books.Deliver();
        Assert.All(scene.TenantOf(Bakery).Triggers, leg => Assert.True(leg.IsPaused));
        Assert.Equal(RefusalReason.AgreementNotPaused, scene.Resume(Bakery).Refusal?.Reason);

        Assert.Null(scene.Pause(Bakery).Refusal);
        Assert.Null(scene.Resume(Shoes).Refusal);
        Assert.False(scene.Agreement.Issues);
        Assert.Null(scene.Resume(Bakery).Refusal);
        scene.Books.Deliver();
        Assert.True(scene.Agreement.Issues);
        Assert.All(scene.TenantOf(Bakery).Triggers, leg => Assert.False(leg.IsPaused));
    }

    [Fact]
    public void A_proposal_is_not_paused_and_an_ended_agreement_stays_ended()
    {
        scene.Propose(Terms);
        Assert.Equal(RefusalReason.AgreementNotActive, scene.Pause(Bakery).Refusal?.Reason);

        scene.Accept(Shoes);
        Assert.Null(scene.End(Shoes).Refusal);
        scene.Books.Deliver();
        Assert.All(scene.TenantOf(Bakery).Triggers, leg => Assert.True(leg.IsPaused));
        Assert.Equal(RefusalReason.AgreementEnded, scene.Accept(Bakery).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementEnded, scene.Pause(Bakery).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementEnded, scene.Resume(Bakery).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementEnded, scene.End(Bakery).Refusal?.Reason);
    }

    [Fact]
    public void A_proposal_may_name_a_brand_that_the_other_tenant_creates_before_it_accepts()
    {
        scene.Books.Granted<AgreementView>(turn => AgreementTurns.Propose(turn, scene.Asks(Bakery), new ProposeAgreement(
            "agr-2", new Party(Bakery, "bread"), new Party(Shoes, "socks"), Terms, "a2V5", "a2V5MQ==", "a2V5Mg==")));
        scene.Books.Deliver();

        Assert.Single(scene.TenantOf(Shoes).Agreements);
        Assert.Equal(RefusalReason.BrandNotFound, Accepted().Refusal?.Reason);
        scene.Books.Given(TenantGrains.Id(Shoes), new BrandCreated(new Brand("socks", "Socks")));
        Assert.Equal(AgreementStatus.Active, ((AgreementView)Accepted().Reply!).Status);
        scene.Books.Deliver();
        Assert.NotEmpty(scene.TenantOf(Shoes).Triggers);

        Decision Accepted() => scene.Books.Ask(turn => AgreementTurns.Accept(turn, scene.Asks(Shoes), "agr-2", 1));
    }

    [Fact]
    public void The_rounding_rest_falls_to_the_party_that_the_terms_name()
    {
        Assert.Equal(66, Terms.IssuerShare(199));
        Assert.Equal(67, (Terms with { IssuerRounds = true }).IssuerShare(199));
        Assert.Equal(0, (Terms with { IssuerShareBps = 0 }).IssuerShare(199));
        Assert.Equal(199, (Terms with { IssuerShareBps = 10_000 }).IssuerShare(199));
    }

    [Fact]
    public void Small_counts_are_hidden_from_the_partner_except_in_a_sandbox()
    {
        Assert.Equal(10, (scene.Active().Agreement with { IsSandbox = false }).SuppressUnder);
        Assert.Equal(0, scene.Agreement.SuppressUnder);
    }

    private RefusalReason? Refused(AgreementTerms terms) => scene.Propose(terms).Refusal?.Reason;

    private (string Own, string Other) Brands(string tenant)
    {
        var agreement = Assert.Single(scene.TenantOf(tenant).Agreements).Value;
        return (agreement.BrandId, agreement.OtherBrandId);
    }
}
