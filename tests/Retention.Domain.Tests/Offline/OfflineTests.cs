using NodaTime;
using Retention.Domain.Offers;
using Retention.Domain.Offline;
using Retention.Domain.Tests.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offline;

public sealed class OfflineTests
{
    private readonly OfferScene scene = new();

    [Fact]
    public void A_coupon_given_without_the_network_is_redeemed_when_it_is_brought_in()
    {
        scene.Active(OfflineScene.Unique);
        var signed = scene.Signed(scene.Issue("off-1"));
        scene.Now(Noon(2017, 5, 2));

        var captured = scene.Captured(signed, "o-1", Noon(2017, 5, 1));

        Assert.Equal((100L, Noon(2017, 5, 2)), (captured.Redemption!.DiscountMinorUnits, captured.Redemption.RedeemedAt));
        Assert.Equal(RefusalReason.AlreadyRedeemed, scene.Refused(Till(signed.Code)));
        Assert.Equal(captured.Redemption, scene.Captured(signed, "o-1", Noon(2017, 5, 1)).Redemption);
        Assert.Equal((1, 100), (scene.Report().Book.AcceptedCount, scene.Report().Book.AcceptedMinorUnits));
    }

    [Fact]
    public void What_was_redeemed_elsewhere_is_a_conflict_that_the_chain_bears()
    {
        scene.Active(OfflineScene.Unique);
        var signed = scene.Signed(scene.Issue("off-1"));
        scene.Redeemed(Till(signed.Code));

        var captured = scene.Captured(signed, "o-1", Noon(2017, 5, 1));

        Assert.Null(captured.Redemption);
        var conflict = Assert.Single(scene.Report().Conflicts);
        Assert.Equal(captured.Conflict! with { Reasons = [] }, conflict with { Reasons = [] });
        Assert.Equal("ALREADY_REDEEMED", Why(conflict));
        Assert.Equal((1, 100L, LossParty.Tenant), (conflict.Number, conflict.Loss, conflict.BorneBy));
        Assert.Equal(1, scene.State("off-1").RedeemedCount);
    }

    [Fact]
    public void Validity_is_judged_by_the_tills_time_and_limits_by_now()
    {
        var lastDay = OfflineScene.Unique.Validity with { EndOn = new LocalDate(2017, 5, 1) };
        scene.Active(OfflineScene.Unique with { Validity = lastDay, Limits = OfferLimits.None with { Total = 1 } });
        var (first, second, third) = (
            scene.Signed(scene.Issue("off-1")), scene.Signed(scene.Issue("off-1")), scene.Signed(scene.Issue("off-1")));
        scene.Now(Noon(2017, 5, 3));

        Assert.NotNull(scene.Captured(first, "o-1", Noon(2017, 5, 1)).Redemption);
        Assert.Equal("LIMIT_REACHED", Why(scene.Captured(second, "o-2", Noon(2017, 5, 1)).Conflict));
        Assert.Equal("AFTER_END,LIMIT_REACHED", Why(scene.Captured(third, "o-3", Noon(2017, 5, 2)).Conflict));
    }

    [Fact]
    public void A_capture_after_the_longest_delay_is_a_conflict()
    {
        scene.Active(OfflineScene.Unique with { Offline = new OfflineTerms(0, 3600) });
        var (first, second) = (scene.Signed(scene.Issue("off-1")), scene.Signed(scene.Issue("off-1")));
        scene.Now(Noon(2017, 5, 2));

        Assert.NotNull(scene.Captured(first, "o-1", Noon(2017, 5, 2) - Duration.FromHours(1)).Redemption);
        var late = scene.Captured(second, "o-2", Noon(2017, 5, 2) - Duration.FromSeconds(3601));
        Assert.Equal("TOO_LATE", Why(late.Conflict));
    }

    [Fact]
    public void The_signed_discount_stays_within_the_ceiling_and_is_given_whatever_the_offer_says_since()
    {
        scene.Active(OfflineScene.Unique with
        {
            Discount = new Discount(0, 1000, 0),
            Offline = new OfflineTerms(300, 0),
        });
        var signed = scene.Signed(scene.Issue("off-1"));
        Assert.Equal(new Discount(0, 1000, 300), signed.Discount);

        Assert.Equal(300, scene.Captured(signed, "o-1", Noon(2017, 5, 1), basket: 10_000).Redemption!.DiscountMinorUnits);
        var second = scene.Signed(scene.Issue("off-1"));
        Assert.Equal("CONDITION_NOT_MET", Why(scene.Captured(second, "o-2", Noon(2017, 5, 1)).Conflict));
    }

    [Fact]
    public void What_nobody_signed_leaves_no_trace()
    {
        scene.Active(OfflineScene.Unique);
        var signed = scene.Signed(scene.Issue("off-1"));
        var forged = Refusal.Because(RefusalReason.SignatureInvalid);

        Assert.Equal(RefusalReason.SignatureInvalid, scene.Capture(signed, "o-1", Noon(2017, 5, 1), fault: forged).Refusal!.Reason);
        Assert.Equal(
            RefusalReason.SignatureInvalid,
            scene.Capture(signed with { OfferId = "off-2" }, "o-1", Noon(2017, 5, 1)).Refusal!.Reason);
        Assert.Equal(
            RefusalReason.FieldInvalid, scene.Capture(signed, "o-1", Noon(2017, 5, 1) + Duration.FromMinutes(11)).Refusal!.Reason);
        Assert.Equal(0, scene.Report().Book.ConflictCount);
        Assert.NotNull(scene.Captured(signed, "o-1", Noon(2017, 5, 1)).Redemption);
    }

    [Fact]
    public void A_signed_text_is_read_as_it_was_written_and_no_other_way()
    {
        var signed = new SignedCoupon(
            "key_1", "t-1", "A;B=C", "off-1", "", "anna", Noon(2017, 5, 1), null, "USD", new Discount(100, 0, 0), 500);
        var text = signed.ToString();

        Assert.Equal(signed, SignedCoupon.Parse(text));
        Assert.Contains("code=A%3BB%3DC;", text, StringComparison.Ordinal);
        Assert.Null(SignedCoupon.Parse(text.Replace("amount=100", "amount=0100", StringComparison.Ordinal)));
        Assert.Null(SignedCoupon.Parse(text.Replace("key=", "kay=", StringComparison.Ordinal)));
        Assert.Null(SignedCoupon.Parse(text + ";"));
        Assert.Null(SignedCoupon.Parse("RC1"));
        Assert.Null(SignedCoupon.Parse(text.Replace("share_bps=0", "share_bps=10001", StringComparison.Ordinal)));
    }

    private static string Why(OfflineConflict? conflict) => string.Join(',', conflict!.Reasons);
}
