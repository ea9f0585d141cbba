using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Offline;
using Retention.Domain.Tests.Offers;
using Retention.Kernel;

namespace Retention.Domain.Tests.Offline;

/// <summary>What a till without the network brings in to the chain of the offers' scene.</summary>
internal static class OfflineScene
{
    public static readonly Offer Unique = OfferScene.Spring with
    {
        Kind = OfferKind.UniqueCodes,
        Code = "",
        Discount = new Discount(100, 0, 0),
    };

    public static SignedCoupon Signed(this OfferScene scene, string code, string customer = "")
    {
        scene.Books.Granted<SigningKeysState>(
            turn => SigningKeyTurns.Rotate(turn, new RotateSigningKey(OfferScene.Tenant, "key_1", "", "", false, "")),
            LedgerKey.Request(OfferScene.Tenant, "first key"));
        return scene.Books.Granted<CouponToSign>(
            turn => OfflineTurns.ToSign(turn, OfferScene.Till(code, customer, store: ""))).Coupon;
    }

    /// <summary>The capture of one order; asked again it gets the first answer.</summary>
    public static Decision Capture(
        this OfferScene scene,
        SignedCoupon signed,
        string order,
        Instant tillAt,
        long? basket = null,
        string customer = "",
        Refusal? fault = null)
    {
        var key = RedemptionId.Order(OfferScene.Tenant, "", "pos", order);
        var till = OfferScene.Till(signed.Code, customer, basket: basket) with { RedemptionId = RedemptionId.Of(key) };
        return scene.Books.Ask(
            turn => OfflineTurns.Capture(turn, new CaptureOffline(till, signed, fault, "pos", order, "till-1", tillAt)), key);
    }

    public static OfflineCapture Captured(this OfferScene scene, SignedCoupon signed, string order, Instant tillAt, long? basket = null)
    {
        var decision = scene.Capture(signed, order, tillAt, basket);
        Assert.Null(decision.Refusal);
        return (OfflineCapture)decision.Reply!;
    }

    public static OfflineReport Report(this OfferScene scene) =>
        scene.Books.Granted<OfflineReport>(turn => OfflineTurns.Report(turn, OfferScene.Tenant, 0, 500));
}
