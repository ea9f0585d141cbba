using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Terms change by agreement of both; a coupon settles under the version of its issue (JC1).</summary>
public sealed class AmendmentTests
{
    private static readonly AgreementTerms Half =
        Terms with { DiscountMinorUnits = 300, IssuerShareBps = 5000, MaxOpenPerCustomer = 5 };

    private readonly JointScene scene = new JointScene().Active(Terms with { MaxOpenPerCustomer = 5 });

    [Fact]
    public void The_old_terms_run_until_the_other_side_accepts_the_new_ones()
    {
        Assert.Null(scene.Amend(Shoes, Half).Refusal);
        Assert.Equal((1, 2), (scene.Agreement.TermsVersion, scene.Agreement.ProposedVersion));
        Assert.Equal(AgreementStatus.Active, scene.Agreement.Status);
        scene.Buy(Bakery, "p-1");

        Accepted(Bakery, 2);
        scene.Buy(Bakery, "p-2");

        Assert.Equal((2, 0), (scene.Agreement.TermsVersion, scene.Agreement.ProposedVersion));
        Assert.Equal([(1, 199L), (2, 300L)], scene.Books.Journal
            .Select(change => change.Fact).OfType<JointCouponIssued>()
            .Select(issued => (issued.TermsVersion, issued.DiscountMinorUnits)));
    }

    [Fact]
    public void A_coupon_settles_under_the_version_of_its_issue()
    {
        scene.Buy(Bakery, "p-1");
        scene.Amend(Shoes, Half with { MirrorsReturns = false });
        Accepted(Bakery, 2);
        scene.Buy(Bakery, "p-2", "bert");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Redeemed(Shoes, scene.Wallet(Bakery, "bert")[0]);
        Assert.Equal(66 + 150, scene.Account.SecondNet);

        scene.Return(Bakery, "p-1");
        scene.Return(Bakery, "p-2", "bert");

        Assert.Equal(150, scene.Account.SecondNet);
        Assert.Equal(["REDEEMED", "REDEEMED", "CLAWED_BACK"], scene.Lines.Select(line => line.Kind));
        Assert.Equal([1, 2, 1], scene.Lines.Select(line => line.TermsVersion));
    }

    [Fact]
    public void A_later_proposal_replaces_the_one_before_and_that_can_no_longer_be_accepted()
    {
        scene.Amend(Shoes, Half);
        scene.Amend(Bakery, Half with { DaysValid = 7 });

        var late = scene.Accept(Bakery, 2).Refusal;
        Assert.Equal(RefusalReason.TermsVersionMismatch, late?.Reason);
        Assert.Equal(3, scene.Agreement.ProposedVersion);
        Accepted(Shoes, 3);
        Assert.Equal((3, 7), (scene.Agreement.TermsVersion, scene.Agreement.Agreed.DaysValid));
        Assert.Equal(1, Assert.Single(scene.Agreement.Earlier).TermsVersion);
    }

    [Fact]
    public void A_proposal_that_nobody_else_accepted_is_replaced()
    {
        var fresh = new JointScene();
        fresh.Propose(Terms);
        fresh.Books.Deliver();
        fresh.Amend(Shoes, Half);

        Assert.Equal((2, AgreementStatus.Proposed), (fresh.Agreement.TermsVersion, fresh.Agreement.Status));
        Assert.Equal(RefusalReason.TermsVersionMismatch, fresh.Accept(Bakery).Refusal?.Reason);
        Assert.Null(fresh.Accept(Bakery, 2).Refusal);
        Assert.Equal(AgreementStatus.Active, fresh.Agreement.Status);
        Assert.Empty(fresh.Agreement.Earlier);
    }

    [Fact]
    public void A_return_voids_by_the_conditions_of_the_coupons_version()
    {
        scene.Buy(Bakery, "p-1");
        scene.Amend(Shoes, Terms with { MinimumBasketMinorUnits = 2000 });
        Accepted(Bakery, 2);
        scene.Buy(Bakery, "p-2");
        Assert.Single(scene.Wallet(Bakery));

        scene.Return(Bakery, "p-1");

        Assert.Empty(scene.Wallet(Bakery));
        Assert.Equal((1, 0, 0, 0, 1, 0), scene.Counts("1"));
    }

    [Fact]
    public void A_leg_that_the_terms_no_longer_mirror_issues_nothing_and_is_honored()
    {
        scene.Buy(Shoes, "p-1");
        scene.Amend(Shoes, Terms with { IsMirrored = false });
        Accepted(Bakery, 2);
        scene.Buy(Shoes, "p-2");
        scene.Redeemed(Bakery, Assert.Single(scene.Wallet(Shoes)));

        Assert.Equal((1, 1, 0, 0, 0, 0), scene.Counts("2"));
        Assert.Equal(-66, scene.Account.SecondNet);

        scene.Amend(Bakery, Terms with { DaysValid = 3 });
        Accepted(Shoes, 3);
        scene.Buy(Shoes, "p-3");
        Assert.Single(scene.Wallet(Shoes));
    }

    [Fact]
    public void What_binds_the_account_is_not_amended_and_each_refusal_names_it()
    {
        Assert.Equal(
            (RefusalReason.TermsNotAmendable, "terms.currency_code", "USD"), Told(Terms with { Currency = "EUR" }));
        Assert.Equal(
            (RefusalReason.TermsNotAmendable, "terms.period_time_zone", "America/New_York"),
            Told(Terms with { TimeZone = "Europe/Vilnius" }));
        Assert.Equal(RefusalReason.FieldInvalid, scene.Amend(Shoes, Terms with { DaysValid = -1 }).Refusal?.Reason);
        Assert.Equal(RefusalReason.FundingNotWhole, scene.Amend(Shoes, Terms with { IssuerShareBps = -1 }).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementNotFound, scene.Amend(Stranger, Terms).Refusal?.Reason);
        Assert.Equal(RefusalReason.CurrencyMismatch, scene.Amend(Shoes, Terms, "EUR").Refusal?.Reason);

        scene.End(Bakery);
        Assert.Equal(RefusalReason.AgreementEnded, scene.Amend(Shoes, Terms).Refusal?.Reason);

        (RefusalReason, string, string) Told(AgreementTerms terms)
        {
            var refusal = scene.Amend(Shoes, terms).Refusal!;
            return (refusal.Reason, refusal.Details[0].Value, refusal.Details[1].Value);
        }
    }

    [Fact]
    public void Versions_in_force_are_limited()
    {
        for (var version = 2; version <= AmendmentTurns.VersionsMax; version++)
        {
            Assert.Null(scene.Amend(Shoes, Terms).Refusal);
            Accepted(Bakery, version);
        }

        Assert.Equal(RefusalReason.LimitTooMany, scene.Amend(Shoes, Terms).Refusal?.Reason);
    }

    private void Accepted(string by, int version)
    {
        Assert.Null(scene.Accept(by, version).Refusal);
        scene.Books.Deliver();
    }
}
