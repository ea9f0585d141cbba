using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Offline;
using Retention.Domain.Tests;
using Retention.Domain.Tests.Agreements;
using Retention.Server.Verify;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive law agrees with what tills brought in, and with nothing that was changed afterwards.</summary>
public sealed class NaiveOfflineTests
{
    private static readonly Books Lived = Live();

    [Fact]
    public void Lived_captures_have_no_difference()
    {
        Assert.Empty(Judging.Judged(new NaiveOffline(), Lived, fact => [fact], state => state));
        Assert.Empty(Judging.Judged(new NaiveClearing(), Lived, fact => [fact], state => state));
    }

    [Theory]
    [InlineData("offline-accepted")]
    [InlineData("offline-conflict-counted")]
    [InlineData("offline-conflicted")]
    [InlineData("joint-coupon-redeemed")]
    [InlineData("fee-cleared")]
    public void A_dropped_fact_is_found(string type) =>
        Assert.NotEmpty(Judging.Judged(new NaiveOffline(), Lived, Judging.Once(type, _ => []), state => state));

    [Fact]
    public void A_doubled_capture_is_found() => Assert.NotEmpty(Judging.Judged(
        new NaiveOffline(), Lived, Judging.Once("offline-accepted", fact => [fact, fact]), state => state));

    [Theory]
    [InlineData("\"accepted_minor_units\":199", "\"accepted_minor_units\":198")]
    [InlineData("\"loss_minor_units\":199", "\"loss_minor_units\":0")]
    [InlineData("\"conflict_count\":1", "\"conflict_count\":2")]
    public void A_changed_state_is_found(string was, string becomes) => Assert.NotEmpty(Judging.Judged(
        new NaiveOffline(), Lived, fact => [fact], Judging.Regex("offline-book", was, becomes)));

    private static Books Live()
    {
        var scene = new JointScene();
        scene.Active(JointScene.Terms with { Offline = new JointOfflineTerms(0, 0, true) });
        scene.Buy(JointScene.Bakery, "p-1");
        var code = scene.Wallet(JointScene.Bakery).Single();
        var signed = new SignedCoupon(
            "key_1", JointScene.Bakery, code, "", JointScene.Id, "", null, null, "USD", new(199, 0, 0), 0);
        foreach (var order in (string[])["o-1", "o-2"])
        {
            var key = RedemptionId.Order(JointScene.Shoes, "", "pos", order);
            var till = new RedeemCoupon(JointScene.Shoes, "", code, "", "", "", null, RedemptionId.Of(key));
            var command = new CaptureOffline(till, signed, null, "pos", order, "", scene.Now);
            Assert.Null(scene.Books.Ask(
                turn => JointOfflineTurns.Capture(turn, scene.Asks(JointScene.Shoes), JointScene.Id, command), key).Refusal);
        }

        return scene.Books;
    }
}
