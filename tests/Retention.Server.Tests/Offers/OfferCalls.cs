using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Offers;

/// <summary>What a marketer and a till do with offers, over the wire.</summary>
internal static class OfferCalls
{
    public static Money Usd(long cents) => new() { CurrencyCode = "USD", MinorUnits = cents };

    public static async Task<Offer> ActiveOffer(this TestTenant tenant, Offer offer)
    {
        var key = await tenant.KeyAsync(Role.Marketer);
        var created = (await tenant.Client.Call<CreateOfferRequest, CreateOfferResponse>(
            "OfferService/CreateOffer", new() { RequestId = TestServer.NewId(), Offer = offer }, key)).Reply;
        return (await tenant.Client.Call<ActivateOfferRequest, ActivateOfferResponse>(
            "OfferService/ActivateOffer",
            new() { RequestId = TestServer.NewId(), OfferId = created.Offer.OfferId },
            key)).Reply.Offer;
    }

    public static async Task<Offer> Offer(this TestTenant tenant, string offerId) =>
        (await tenant.Client.Call<GetOfferRequest, GetOfferResponse>(
            "OfferService/GetOffer", new() { OfferId = offerId }, tenant.AdminKey)).Reply.Offer;

    public static async Task<RpcAnswer<RedeemCouponResponse>> Redeem(this TestTenant tenant, RedeemCouponRequest request)
    {
        if (request.RequestId.Length == 0) request.RequestId = TestServer.NewId();
        return await tenant.Client.Call<RedeemCouponRequest, RedeemCouponResponse>(
            "CouponService/RedeemCoupon", request, await tenant.KeyAsync(Role.Store));
    }

    public static async Task<RpcAnswer<ReserveCouponResponse>> Reserve(this TestTenant tenant, ReserveCouponRequest request)
    {
        if (request.RequestId.Length == 0) request.RequestId = TestServer.NewId();
        request.Ttl ??= new Google.Protobuf.WellKnownTypes.Duration { Seconds = 900 };
        return await tenant.Client.Call<ReserveCouponRequest, ReserveCouponResponse>(
            "CouponService/ReserveCoupon", request, tenant.AdminKey);
    }

    public static Task<RpcAnswer<ReleaseReservationResponse>> Release(
        this TestTenant tenant, ReleaseReservationRequest request)
    {
        if (request.RequestId.Length == 0) request.RequestId = TestServer.NewId();
        return tenant.Client.Call<ReleaseReservationRequest, ReleaseReservationResponse>(
            "CouponService/ReleaseReservation", request, tenant.AdminKey);
    }

    public static async Task<RpcAnswer<ReverseCouponRedemptionResponse>> Reverse(
        this TestTenant tenant, ReverseCouponRedemptionRequest request)
    {
        if (request.RequestId.Length == 0) request.RequestId = TestServer.NewId();
        request.Reason = "RETURNED";
        return await tenant.Client.Call<ReverseCouponRedemptionRequest, ReverseCouponRedemptionResponse>(
            "CouponService/ReverseCouponRedemption", request, await tenant.KeyAsync(Role.Store));
    }
}
