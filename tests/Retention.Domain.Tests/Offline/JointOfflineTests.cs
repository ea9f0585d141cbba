using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Offline;
using Retention.Domain.Tests.Agreements;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Offline;

public sealed class JointOfflineTests
{
    private static readonly SigningKey Key = new("key_1", "", "", Noon(2017, 5, 1));

    private readonly JointScene scene = new();

    [Fact]
    public void A_capture_within_the_terms_clears_as_a_redemption_does()
    {
        var code = Started(new JointOfflineTerms(150, 0, false));

        var captured = Captured(Signed(code), "o-1", scene.Now);

        Assert.Equal(150, captured.Redemption!.DiscountMinorUnits);
        Assert.Equal(-49, scene.Account.FirstNet);
        Assert.Equal((1, 1, 0, 0, 0, 0), scene.Counts("1"));
        Assert.Equal(captured, Captured(Signed(code), "o-1", scene.Now));
    }

    [Theory]
    [InlineData(true, LossParty.Issuing, -66 - 199)]
    [InlineData(false, LossParty.Redeeming, -66)]
    public void A_conflict_that_the_till_could_not_see_is_borne_as_the_terms_say(bool issuers, LossParty borneBy, long net)
    {
        var code = Started(new JointOfflineTerms(0, 0, issuers));
        var signed = Signed(code);
        scene.Redeemed(Shoes, code);

        var conflict = Captured(signed, "o-1", scene.Now).Conflict!;

        Assert.Equal((199L, borneBy, "ALREADY_REDEEMED"), (conflict.Loss, conflict.BorneBy, string.Join(',', conflict.Reasons)));
        Assert.Equal((net, -net), (scene.Account.FirstNet, scene.Account.SecondNet));
    }

    [Fact]
    public void What_the_till_could_have_known_is_the_redeeming_brands_loss_whatever_the_terms()
    {
        var code = Started(new JointOfflineTerms(0, 3600, true));
        var signed = Signed(code);
        var tillAt = scene.Now;
        scene.Move(tillAt + Duration.FromSeconds(3601));

        Assert.Equal(LossParty.Redeeming, Captured(signed, "o-1", tillAt).Conflict!.BorneBy);
        Assert.Equal(0, scene.Account.FirstNet);
    }

    [Fact]
    public void A_coupon_used_on_its_last_day_and_brought_in_after_it_did_not_expire()
    {
        var code = Started(new JointOfflineTerms(0, 0, false));
        var signed = Signed(code);
        scene.Move(Noon(2017, 6, 1));
        Assert.Equal((1, 0, 1, 0, 0, 0), scene.Counts("1"));

        Assert.NotNull(Captured(signed, "o-1", LastInstantOf(2017, 5, 31)).Redemption);

        Assert.Equal((1, 1, 0, 0, 0, 0), scene.Counts("1"));
        Assert.Equal(-66, scene.Account.FirstNet);
    }

    [Fact]
    public void Without_terms_for_it_nothing_is_signed_and_nothing_is_captured()
    {
        var code = Started(null);
        var signed = new SignedCoupon("key_1", Bakery, code, "", Id, "", null, null, "USD", new(199, 0, 0), 0);

        Assert.Equal(RefusalReason.FieldInvalid, ToSign(code).Refusal!.Reason);
        Assert.Equal(RefusalReason.FieldInvalid, Capture(signed, "o-1", scene.Now).Refusal!.Reason);
        Assert.Equal(RefusalReason.SignatureInvalid, Capture(signed with { TenantId = Stranger }, "o-1", scene.Now).Refusal!.Reason);
    }

    private string Started(JointOfflineTerms? terms)
    {
        scene.Active(Terms with { Offline = terms });
        scene.Buy(Bakery, "p-1");
        return Assert.Single(scene.Wallet(Bakery));
    }

    private Decision ToSign(string code) =>
        scene.Books.Ask(turn => JointOfflineTurns.ToSign(turn, scene.Asks(Bakery), Id, code, Key));

    private SignedCoupon Signed(string code) => ((CouponToSign)ToSign(code).Reply!).Coupon;

    private Decision Capture(SignedCoupon signed, string order, Instant tillAt)
    {
        var key = RedemptionId.Order(Shoes, "", "pos", order);
        var till = new RedeemCoupon(Shoes, "", signed.Code, "", "", "", null, RedemptionId.Of(key));
        var decision = scene.Books.Ask(
            turn => JointOfflineTurns.Capture(
                turn, scene.Asks(Shoes), Id, new CaptureOffline(till, signed, null, "pos", order, "till-1", tillAt)),
            key);
        scene.Books.Deliver();
        return decision;
    }

    private OfflineCapture Captured(SignedCoupon signed, string order, Instant tillAt)
    {
        var decision = Capture(signed, order, tillAt);
        Assert.Null(decision.Refusal);
        return (OfflineCapture)decision.Reply!;
    }
}
