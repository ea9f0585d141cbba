using FsCheck;
using FsCheck.Fluent;
using Retention.Domain.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

public sealed class OfferUpdateTests
{
    private readonly OfferScene scene = new();

    [Fact]
    public void A_live_offer_changes_by_version_and_what_was_given_stands()
    {
        scene.Active(Spring with { Limits = new OfferLimits(1, 0, 0, 0) });
        scene.Redeemed(Till());

        var view = Updated(Spring with { Limits = new OfferLimits(3, 0, 0, 0), CampaignId = "x" }, 1, "limits");

        Assert.Equal((2, "spring", 1), (view.State.Offer!.Version, view.State.Offer.CampaignId, view.State.RedeemedCount));
        scene.Redeemed(Till());
        scene.Redeemed(Till());
        Assert.Equal(RefusalReason.LimitReached, scene.Refused(Till()));
        Updated(Spring with { Limits = new OfferLimits(2, 0, 0, 0) }, null, "limits");
        Assert.Equal(RefusalReason.LimitReached, scene.Refused(Till()));
        Assert.Equal(3, scene.State("off-1").RedeemedCount);
    }

    [Fact]
    public void A_change_made_on_an_older_version_or_of_what_never_changes_is_refused()
    {
        scene.Active(Spring);
        Updated(Spring, 1, "limits");

        Assert.Equal(RefusalReason.EtagMismatch, Refused(Spring, 1, "limits"));
        Assert.Equal(RefusalReason.FieldInvalid, Refused(Spring, 2, "code"));
        Assert.Equal(RefusalReason.FieldInvalid, Refused(Spring with { Discount = new Discount(-1, 0, 0) }, 2, "discount"));
        Assert.Equal(RefusalReason.OfferNotFound, Refused(Spring with { OfferId = "off-9" }, null, "limits"));
        Assert.Equal(
            RefusalReason.StoreNotFound,
            Refused(Spring with { Conditions = new OfferConditions(0, [], ["s-9"], false) }, 2, "conditions"));
    }

    [Fact]
    public void A_budget_tells_80_95_and_100_percent_once_and_pauses_at_the_end()
    {
        scene.Active(Spring with { Discount = new Discount(5, 0, 0), BudgetMinorUnits = 100 });
        var told = new List<(long Given, int Percent)>();
        for (var i = 0; i < 20; i++)
        {
            scene.Redeemed(Till());
            told.AddRange(scene.Books.Journal.Select(change => change.Fact).OfType<OfferBudgetReached>()
                .Skip(told.Count).Select(fact => (fact.Given, fact.Percent)));
        }

        Assert.Equal([(80, 80), (95, 95), (100, 100)], told);
        Assert.Equal((OfferStatus.Paused, true), (scene.State("off-1").Status, scene.State("off-1").IsPausedByBudget));
        Assert.Equal(RefusalReason.BudgetExhausted, scene.Refused(Till()));
    }

    [Fact]
    public void An_offer_paused_by_its_budget_goes_on_when_somebody_activates_it_with_more()
    {
        scene.Active(Spring with { BudgetMinorUnits = 100 });
        var redemption = scene.Redeemed(Till());
        Assert.Equal(RefusalReason.BudgetExhausted, scene.Refused(Till()));
        scene.Reverse(redemption.RedemptionId);
        Assert.Equal(RefusalReason.OfferPaused, scene.Refused(Till()));

        Updated(Spring with { BudgetMinorUnits = 300 }, null, "budget");
        scene.Books.Granted<OfferView>(turn => OfferTurns.Activate(turn, Tenant, "off-1"));
        scene.Redeemed(Till());
        Assert.Equal(0, scene.State("off-1").BudgetPercent);
    }

    /// <summary>
    /// Whatever is redeemed, reversed and changed in between, no redemption goes beyond the limits of its moment and none is
    /// refused within them. Method: a naive list of standing redemptions against the terms in force.
    /// </summary>
    [Fact]
    public void The_terms_of_the_moment_are_kept() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(120), Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), Live));

    private static void Live(byte[] bytes)
    {
        var tests = new OfferUpdateTests();
        var (total, budget) = (3L, 500L);
        tests.scene.Active(Spring with { Limits = new OfferLimits(total, 0, 0, 0), BudgetMinorUnits = budget });
        var standing = new List<string>();
        foreach (var step in bytes)
        {
            switch (step % 4)
            {
                case 0:
                    (total, budget) = (1 + step / 16, 100 * (1 + step / 32));
                    var wanted = Spring with { Limits = new OfferLimits(total, 0, 0, 0), BudgetMinorUnits = budget };
                    tests.Updated(wanted, null, "limits", "budget");
                    break;
                case 1 when standing.Count > 0:
                    tests.scene.Reverse(standing[0]);
                    standing.RemoveAt(0);
                    break;
                default:
                    tests.scene.Books.Granted<OfferView>(turn => OfferTurns.Activate(turn, Tenant, "off-1"));
                    var hasRoom = standing.Count < total && (standing.Count + 1) * 100 <= budget;
                    var decision = tests.scene.Redeem(Till());
                    Assert.Equal(hasRoom, decision.Refusal is null);
                    if (decision.Reply is Domain.Coupons.CouponRedemption redemption) standing.Add(redemption.RedemptionId);
                    break;
            }
        }
    }

    private OfferView Updated(Offer wanted, int? version, params string[] fields) =>
        scene.Books.Granted<OfferView>(turn => OfferUpdateTurns.Update(turn, Command(wanted, version, fields)));

    private RefusalReason Refused(Offer wanted, int? version, params string[] fields) =>
        scene.Books.Refused(turn => OfferUpdateTurns.Update(turn, Command(wanted, version, fields))).Reason;

    private static UpdateOffer Command(Offer wanted, int? version, string[] fields) =>
        new(Tenant, wanted.OfferId, wanted, [.. fields], version, "USD");
}
