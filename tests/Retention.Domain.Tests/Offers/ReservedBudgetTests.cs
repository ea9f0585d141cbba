using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offline;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

public sealed class ReservedBudgetTests
{
    private static readonly Offer Reserving = OfflineScene.Unique with { BudgetMinorUnits = 300, ReservesAtIssue = true };

    private readonly OfferScene scene = new();

    [Fact]
    public void Coupons_are_issued_as_long_as_the_budget_has_room_for_all_that_they_may_come_to()
    {
        scene.Active(Reserving);
        var first = scene.Issue("off-1");
        scene.Issue("off-1");
        scene.Issue("off-1");

        Assert.Equal(RefusalReason.BudgetExhausted, Refused());
        scene.Redeemed(Till(first, basket: 60));
        Assert.Equal((60L, 200L), (scene.State("off-1").DiscountMinorUnits, Kept()));
        Assert.Equal(RefusalReason.BudgetExhausted, Refused());
    }

    [Fact]
    public void The_end_of_a_coupon_frees_what_was_kept_for_it()
    {
        scene.Active(Reserving with { Validity = Reserving.Validity with { DaysAfterIssue = 1 } });
        var old = scene.Issue("off-1");
        scene.Issue("off-1");
        scene.Now(At(new LocalDateTime(2017, 5, 2, 23, 59, 59)));
        Assert.Equal(200, Kept());

        scene.Now(Noon(2017, 5, 3));

        Assert.Equal(0, Kept());
        Assert.Equal(RefusalReason.AfterEnd, scene.Refused(Till(old)));
        scene.Series("off-1", 3);
        Assert.Equal(300, Kept());
    }

    [Fact]
    public void A_void_frees_it_once_and_a_voided_coupon_is_never_redeemed()
    {
        scene.Active(Reserving);
        var code = scene.Issue("off-1");

        Assert.Null(Void(code).Refusal);

        Assert.Equal(0, Kept());
        Assert.Equal(RefusalReason.Voided, Void(code).Refusal!.Reason);
        Assert.Equal(RefusalReason.Voided, scene.Refused(Till(code)));
        Assert.Equal(0, Kept());
    }

    [Fact]
    public void A_reversal_keeps_for_the_coupon_what_it_gave_back()
    {
        scene.Active(Reserving);
        var code = scene.Series("off-1", 3).CodeAt(1);
        var redemption = scene.Redeemed(Till(code, basket: 60));
        Assert.Equal(200, Kept());

        scene.Reverse(redemption.RedemptionId);

        Assert.Equal((0L, 260L), (scene.State("off-1").DiscountMinorUnits, Kept()));
        Assert.Equal(100, scene.Redeemed(Till(code)).DiscountMinorUnits);
        Assert.Equal((100L, 200L), (scene.State("off-1").DiscountMinorUnits, Kept()));
    }

    [Fact]
    public void A_coupon_that_is_out_is_honored_when_all_of_the_budget_is_kept_for_others()
    {
        scene.Active(Reserving);
        string[] codes = [scene.Issue("off-1"), scene.Issue("off-1"), scene.Issue("off-1")];
        scene.Reserved(Till(codes[0]), "o-1");

        foreach (var code in codes)
        {
            scene.Redeemed(For("o-1", Till(code)));
        }

        Assert.Equal((OfferStatus.Paused, 300L, 0L), (scene.State("off-1").Status, scene.State("off-1").DiscountMinorUnits, Kept()));
    }

    [Fact]
    public void Alerts_count_what_is_reserved()
    {
        scene.Active(Reserving with { BudgetMinorUnits = 1000 });
        scene.Series("off-1", 7);
        Assert.Equal(0, scene.State("off-1").BudgetPercent);
        scene.Issue("off-1");
        Assert.Equal(80, scene.State("off-1").BudgetPercent);
        scene.Series("off-1", 2);
        Assert.Equal((100, OfferStatus.Active), (scene.State("off-1").BudgetPercent, scene.State("off-1").Status));
    }

    [Fact]
    public void What_is_promised_is_not_taken_back_by_a_change_of_the_offer()
    {
        scene.Active(Reserving);
        scene.Issue("off-1");
        scene.Issue("off-1");

        Assert.Equal(RefusalReason.FieldInvalid, Update("budget", Reserving with { BudgetMinorUnits = 199 })?.Reason);
        Assert.Equal(RefusalReason.FieldInvalid, Update("discount", Reserving with { Discount = new Discount(101, 0, 0) })?.Reason);
        Assert.Null(Update("budget", Reserving with { BudgetMinorUnits = 200 }));
        Assert.Equal(RefusalReason.FieldInvalid, scene.Create(Reserving with { OfferId = "off-2", BudgetMinorUnits = 0 })!.Reason);
        Assert.Equal(RefusalReason.FieldInvalid, scene.Create(Reserving with { OfferId = "off-2", Discount = new Discount(0, 500, 0) })!.Reason);
    }

    private long Kept() => scene.Books.Granted<OfferView>(turn => OfferTurns.Get(turn, Tenant, "off-1")) is var view
        ? view.State.Reserves.At(view.Now)
        : 0;

    private RefusalReason? Refused() => scene.Books.Refused(turn => CodeSeriesTurns.Issue(
        turn, new IssueSeries(Tenant, "off-1", "ser_1", 1))).Reason;

    private Decision Void(string code) =>
        scene.Books.Ask(turn => VoidTurns.Void(turn, Till(code, customer: ""), "misprint"));

    private Refusal? Update(string field, Offer wanted) => scene.Books.Ask(turn => OfferUpdateTurns.Update(
        turn, new UpdateOffer(Tenant, "off-1", wanted, [field], null, ""))).Refusal;
}
