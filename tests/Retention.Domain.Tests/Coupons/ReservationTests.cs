using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Coupons;

public sealed class ReservationTests
{
    private static readonly Offer Unique = Spring with { Kind = OfferKind.UniqueCodes, Code = "" };

    private readonly OfferScene scene = new();

    [Fact]
    public void A_reserved_coupon_is_redeemed_by_its_order_or_its_reservation_only()
    {
        scene.Active(Unique);
        var (first, second) = (scene.Issue("off-1"), scene.Issue("off-1"));
        scene.Reserved(Till(first), "o-1");
        var reservation = scene.Reserved(Till(second), "o-2");

        Assert.Equal(RefusalReason.ReservedElsewhere, scene.Refused(Till(first)));
        Assert.Equal(RefusalReason.ReservedElsewhere, scene.Refused(For("o-2", Till(first))));
        Assert.Equal(RefusalReason.ReservedElsewhere, scene.Validate(Till(first)).Failing.Single().Reason);
        scene.Redeemed(For("o-1", Till(first)));
        scene.Redeemed(Till(second) with { ReservationId = reservation });
        Assert.Empty(scene.State("off-1").Holds);
    }

    [Fact]
    public void A_reservation_ends_at_its_instant_by_itself()
    {
        scene.Active(Unique);
        var code = scene.Issue("off-1");
        scene.Reserved(Till(code), "o-1", seconds: 60);

        scene.Now(Noon(2017, 5, 1) + Duration.FromSeconds(60) - Duration.FromNanoseconds(1));
        Assert.Equal(RefusalReason.ReservedElsewhere, scene.Refused(Till(code)));
        scene.Now(Noon(2017, 5, 1) + Duration.FromSeconds(60));
        scene.Redeemed(Till(code));
    }

    [Fact]
    public void What_is_reserved_counts_as_used_for_everybody_else()
    {
        scene.Active(Spring with { Limits = new OfferLimits(2, 1, 2, 200), BudgetMinorUnits = 200 });
        scene.Reserved(Till(), "o-1");
        scene.Reserved(Till(customer: "bert"), "o-2");

        Assert.Equal(
            ["total", "per_customer", "per_day", "total_discount", ""],
            scene.Validate(Till()).Failing.Select(refusal => Detail(refusal, "limit")));
        Assert.Equal(RefusalReason.LimitReached, scene.Refused(Till(customer: "")));
        scene.Redeemed(For("o-1", Till()));
        scene.Redeemed(For("o-2", Till(customer: "bert")));
        Assert.Equal((2, 200), (scene.State("off-1").RedeemedCount, scene.State("off-1").DiscountMinorUnits));
    }

    [Fact]
    public void A_release_gives_back_what_was_kept_once()
    {
        scene.Active(Spring with { Limits = new OfferLimits(1, 1, 0, 0) });
        var reservation = scene.Reserved(Till(), "o-1");
        Assert.Equal(RefusalReason.LimitReached, scene.Refused(Till()));

        Assert.True(scene.Released(reservation).WasOpen);
        Assert.False(scene.Released(reservation).WasOpen);
        scene.Redeemed(Till());
    }

    [Fact]
    public void A_reservation_that_was_used_or_is_over_releases_nothing()
    {
        scene.Active(Spring with { Limits = new OfferLimits(2, 0, 0, 0) });
        var used = scene.Reserved(Till(), "o-1");
        var over = scene.Reserved(Till(), "o-2", seconds: 1);
        scene.Redeemed(For("o-1", Till()));
        scene.Now(Noon(2017, 5, 1) + Duration.FromSeconds(1));

        Assert.False(scene.Released(used).WasOpen);
        Assert.False(scene.Released(over).WasOpen);
        Assert.Equal(1, scene.State("off-1").RedeemedCount);
    }

    [Fact]
    public void A_reservation_that_is_over_neither_helps_nor_harms_its_order()
    {
        scene.Active(Spring with { Limits = new OfferLimits(1, 0, 0, 0) });
        scene.Reserved(Till(), "o-1", seconds: 1);
        scene.Now(Noon(2017, 5, 1) + Duration.FromSeconds(1));

        scene.Redeemed(For("o-1", Till()));
        Assert.Equal(RefusalReason.LimitReached, scene.Refused(For("o-1", Till())));
    }

    [Fact]
    public void A_reservation_of_another_coupon_customer_or_tenant_is_unknown()
    {
        scene.Active(Unique);
        var (mine, other) = (scene.Issue("off-1"), scene.Issue("off-1"));
        var reservation = scene.Reserved(Till(mine), "o-1");

        Assert.Equal(
            RefusalReason.ReservationNotFound, scene.Refused(Till(other) with { ReservationId = reservation }));
        Assert.Equal(
            RefusalReason.ReservationNotFound,
            scene.Refused(Till(mine, customer: "bert") with { ReservationId = reservation }));
        Assert.Equal(
            RefusalReason.ReservationNotFound,
            scene.Books.Refused(turn => ReservationTurns.Release(turn, "t-2", reservation)).Reason);
    }

    [Fact]
    public void Reservations_have_bounds_in_time_and_number()
    {
        scene.Active(Spring);

        Assert.Equal(RefusalReason.FieldInvalid, scene.Reserve(Till(), "o-1", seconds: 0).Refusal?.Reason);
        Assert.Equal(RefusalReason.FieldInvalid, scene.Reserve(Till(), "o-1", 7 * 86_400 + 1).Refusal?.Reason);
        for (var i = 0; i < Holds.OpenMax; i++)
        {
            scene.Reserved(Till(), $"o-{i}", seconds: 60);
        }

        Assert.Equal(RefusalReason.LimitTooMany, scene.Reserve(Till(), "one-more").Refusal?.Reason);
        scene.Now(Noon(2017, 5, 1) + Duration.FromSeconds(60));
        scene.Reserved(Till(), "afterwards");
        Assert.Single(scene.State("off-1").Holds);
    }

    private static string Detail(Refusal refusal, string name) =>
        refusal.Details.FirstOrDefault(detail => detail.Name == name).Value ?? "";
}
