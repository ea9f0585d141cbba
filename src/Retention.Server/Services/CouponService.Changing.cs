using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>What a till changes: it reserves, releases, redeems and reverses.</summary>
public sealed partial class CouponService
{
    private const int ReasonMax = 200;

    private static readonly ProtoReply<CouponReservation, ReserveCouponResponse> Reserved = new(reservation => new()
    {
        ReservationId = reservation.ReservationId,
        CouponId = reservation.CouponId,
        OfferId = reservation.OfferId,
        Discount = new Kernel.Money(reservation.Currency, reservation.DiscountMinorUnits).ToProto(),
        ExpireTime = reservation.ExpiresAt.ToProto(),
    });

    private static readonly ProtoReply<CouponRelease, ReleaseReservationResponse> Released = new(release => new()
    {
        ReservationId = release.ReservationId,
        WasOpen = release.WasOpen,
        ReleaseTime = release.ReleasedAt.ToProto(),
    });

    private static readonly ProtoReply<CouponRedemption, RedeemCouponResponse> Redeemed =
        new(redemption => new() { Redemption = redemption.ToProto() });

    private static readonly ProtoReply<CouponView, VoidCouponResponse> Voided = new(coupon => new() { Coupon = coupon.ToProto() });

    private static readonly ProtoReply<CouponReversal, ReverseCouponRedemptionResponse> Reversed = new(reversal => new()
    {
        RedemptionId = reversal.RedemptionId,
        Discount = new Kernel.Money(reversal.Currency, reversal.DiscountMinorUnits).ToProto(),
        IsReopened = reversal.IsReopened,
        ReverseTime = reversal.ReversedAt.ToProto(),
        IsWhole = reversal.IsWhole,
    });

    private async ValueTask<ReserveCouponResponse> ReserveCoupon(ReserveCouponRequest request, CallContext call)
    {
        var caller = call.Caller();
        var requestId = RequestField.RequestId(request.RequestId);
        CheckTill(request.TillId, request.CashierId);
        var till = CommandOf(caller, request.Code, request.CampaignId, request.CustomerId) with
        {
            StoreId = StoreOf(caller, request.StoreId),
            Basket = request.Basket.ToDomain(),
            LacksTillIds = Places.LacksTillIds(caller, request.TillId, request.CashierId),
        };
        var ttl = request.Ttl is { } duration
            ? NodaTime.Duration.FromSeconds(Math.Clamp(duration.Seconds, 0, 1L << 32)) + NodaTime.Duration.FromNanoseconds((long)duration.Nanos)
            : throw RequestField.Invalid("ttl", "required");
        var key = ReservationOf(await OrderAsync(call, till.StoreId, request.Source, request.OrderId));
        var joint = await FindAgreement(call, request, till);
        var command = new ReserveCoupon(till, ReservationId.Of(caller.TenantId, requestId), ttl);
        return await grains.Change(
            call,
            request,
            joint is null ? caller.Partition : PartitionId.Agreement(joint.AgreementId),
            turn => joint is null ? ReservationTurns.Reserve(turn, command)
                : joint.Fault is { } fault ? fault
                : JointReservationTurns.Reserve(turn, joint.Asker, joint.AgreementId, command),
            Reserved,
            new CommandKey(key, RefusalReason.OrderIdReused));
    }

    private async ValueTask<ReleaseReservationResponse> ReleaseReservation(
        ReleaseReservationRequest request, CallContext call)
    {
        var caller = call.Caller();
        RequestField.RequestId(request.RequestId);
        var reservationId = await ReservationIdOf(request, caller, call);
        var record = ReservationId.Key(reservationId) is { } key ? await grains.FindAsync(key, call.Cancellation) : null;
        if (record is not { Partition.IsAgreement: true })
        {
            return await grains.Change(
                call,
                request,
                caller.Partition,
                turn => ReservationTurns.Release(turn, caller.TenantId, reservationId),
                Released);
        }

        // The agreement's own turn says whether the caller is its redeeming side.
        var asker = await grains.Asker(call, request);
        return await grains.Change(
            call,
            request,
            record.Partition,
            turn => JointReservationTurns.Release(turn, asker, record.Partition.OwnerId, reservationId),
            Released);
    }

    private async ValueTask<RedeemCouponResponse> RedeemCoupon(RedeemCouponRequest request, CallContext call)
    {
        var caller = call.Caller();
        var requestId = RequestField.RequestId(request.RequestId);
        CheckTill(request.TillId, request.CashierId);
        OrderName? order = request.OrderId.Length > 0
            ? await OrderAsync(call, StoreOf(caller, request.StoreId), request.Source, request.OrderId)
            : null;
        var command = CommandOf(caller, request.Code, request.CampaignId, request.CustomerId) with
        {
            StoreId = StoreOf(caller, request.StoreId),
            Basket = request.Basket.ToDomain(),
            LacksTillIds = Places.LacksTillIds(caller, request.TillId, request.CashierId),
            RedemptionId = RedemptionId.Of(caller.TenantId, requestId),
            ReservationId = RequestField.OptionalId(request.ReservationId, "reservation_id") ?? "",
            DiscountMost = request.MaximumDiscount is null
                ? null
                : RequestField.Money(request.MaximumDiscount, "maximum_discount", request.Basket?.Total?.CurrencyCode).MinorUnits,
            OrderReservation = order is { } reserved ? ReservationOf(reserved) : null,
        };

        // Only a joint code costs another question: the hot path of a generic code is one turn.
        var joint = await FindAgreement(call, request, command);
        var partition = joint is null ? caller.Partition : PartitionId.Agreement(joint.AgreementId);
        Decision Decide(ITurn turn) => joint is null
            ? CouponTurns.Redeem(turn, command)
            : joint.Fault is { } fault ? fault : JointCouponTurns.Redeem(turn, joint.Asker, joint.AgreementId, command);

        return order is { } named
            ? await grains.Change(
                call,
                request,
                partition,
                Decide,
                Redeemed,
                new CommandKey(OrderKey(named), RefusalReason.OrderIdReused))
            : await grains.Change(call, request, partition, Decide, Redeemed);
    }

    private async ValueTask<VoidCouponResponse> VoidCoupon(VoidCouponRequest request, CallContext call)
    {
        var caller = call.Caller();
        RequestField.RequestId(request.RequestId);
        var reason = RequestField.Text(request.Reason, "reason", ReasonMax);
        var command = CommandOf(caller, request.Code, "", request.CustomerId);
        if (await FindAgreement(call, request, command) is not null)
        {
            throw RequestField.Invalid("code", "joint_coupons_are_voided_by_returns");
        }

        return await grains.Change(
            call, request, caller.Partition, turn => VoidTurns.Void(turn, command, reason), Voided);
    }

    private async ValueTask<ReverseCouponRedemptionResponse> ReverseCouponRedemption(
        ReverseCouponRedemptionRequest request, CallContext call)
    {
        var caller = call.Caller();
        RequestField.RequestId(request.RequestId);
        CheckTill(request.TillId, request.CashierId);
        var returnId = RequestField.OptionalId(request.ReturnId, "return_id") ?? "";
        var reason = RequestField.Text(request.Reason, "reason", ReasonMax);
        var lines = request.LinesToDomain();
        if (lines.Length > 0 && returnId.Length == 0) throw RequestField.Invalid("return_id", "required_with_lines");
        var record = await RedemptionAsync(request, call);
        if (record?.Ledger is not { Keys.Count: > 0 } ledger || !IsOwn(record.Partition, caller)) throw Unknown(request);

        // A commit may hold several redemptions of one request: then each has a key of its own.
        var redemptionId = record.Partition.IsAgreement || request.RedemptionId.Length == 0
            ? RedemptionId.Of(ledger.Keys[0])
            : request.RedemptionId;
        var command = new ReverseCouponRedemption(caller.TenantId, redemptionId, reason, returnId) { Lines = lines };
        var asker = record.Partition.IsAgreement ? await grains.Asker(call, request) : null;
        if (asker is not null)
        {
            var agreementId = record.Partition.OwnerId;
            _ = await grains.Read<string>(
                call, request, record.Partition, turn => JointReversalTurns.Find(turn, asker, agreementId, redemptionId));
        }

        return await grains.Change(
            call,
            request,
            record.Partition,
            turn => asker is null
                ? ReversalTurns.Reverse(turn, command)
                : JointReversalTurns.Reverse(turn, asker, record.Partition.OwnerId, command),
            Reversed,
            lines.Length > 0
                ? new CommandKey(RedemptionId.PartReversal(redemptionId, returnId), RefusalReason.ReturnIdReused)
                : new CommandKey(RedemptionId.Reversal(redemptionId), RefusalReason.RedemptionAlreadyReversed));
    }

    private async ValueTask<string> ReservationIdOf(ReleaseReservationRequest request, Caller caller, CallContext call)
    {
        var brand = await places.NamedAsync(call, request.BrandId);
        switch (request.WhichCase)
        {
            case ReleaseReservationRequest.WhichOneofCase.ReservationId:
                return RequestField.Id(request.ReservationId, "reservation_id");
            case ReleaseReservationRequest.WhichOneofCase.OrderId:
                var record = await FindAsync(ReservationOf, request.Source, request.OrderId, brand, call);
                return record?.Ledger is { Keys.Count: > 0 } ledger
                    ? ReservationId.Of(ledger.Keys[0])
                    : throw ErrorMap.ToFailure(
                        Refusal.Because(RefusalReason.ReservationNotFound, ("order_id", request.OrderId)));
            default:
                throw RequestField.Invalid("reservation_id", "required");
        }
    }

    private static void CheckTill(string tillId, string cashierId)
    {
        RequestField.OptionalId(tillId, "till_id");
        RequestField.OptionalId(cashierId, "cashier_id");
    }

    private async ValueTask<JournalRecord?> RedemptionAsync(ReverseCouponRedemptionRequest request, CallContext call)
    {
        var brand = await places.NamedAsync(call, request.BrandId);
        switch (request.WhichCase)
        {
            case ReverseCouponRedemptionRequest.WhichOneofCase.RedemptionId:
                return await grains.FindAsync(RedemptionId.Key(request.RedemptionId) ?? throw Unknown(request), call.Cancellation);
            case ReverseCouponRedemptionRequest.WhichOneofCase.OrderId:
                return await FindAsync(OrderKey, request.Source, request.OrderId, brand, call);
            default:
                throw RequestField.Invalid("redemption_id", "required");
        }
    }

    private async ValueTask<OrderName> OrderAsync(CallContext call, string storeId, string source, string orderId)
    {
        var order = OrderOf(call.Caller(), source, orderId);
        return order with { BrandId = await places.OfOrderAsync(call, storeId) };
    }

    // An order that nothing told the brand of stands without one.
    private async ValueTask<JournalRecord?> FindAsync(
        Func<OrderName, LedgerKey> key, string source, string orderId, string? brand, CallContext call)
    {
        var order = OrderOf(call.Caller(), source, orderId);
        var ofBrand = key(order with { BrandId = brand ?? await places.OfOrderAsync(call, "") });
        return await grains.FindAsync(ofBrand, call.Cancellation)
            ?? (brand is null ? await grains.FindAsync(key(order), call.Cancellation) : null);
    }

    /// <summary>Without its brand.</summary>
    private static OrderName OrderOf(Caller caller, string source, string orderId) =>
        new(caller.TenantId, "", RequestField.Id(source, "source"), RequestField.Id(orderId, "order_id"));

    private static LedgerKey OrderKey(OrderName order) =>
        RedemptionId.Order(order.TenantId, order.BrandId, order.Source, order.OrderId);

    private static LedgerKey ReservationOf(OrderName order) =>
        ReservationId.Order(order.TenantId, order.BrandId, order.Source, order.OrderId);

    // Of an agreement's, JointReversalTurns.Find says whether the caller is its redeeming side.
    private static bool IsOwn(PartitionId partition, Caller caller) =>
        partition.IsAgreement || partition == caller.Partition;

    private static RpcFailure Unknown(ReverseCouponRedemptionRequest request) => ErrorMap.ToFailure(
        request.WhichCase == ReverseCouponRedemptionRequest.WhichOneofCase.OrderId
            ? Refusal.Because(RefusalReason.RedemptionNotFound, ("order_id", request.OrderId))
            : Refusal.Because(RefusalReason.RedemptionNotFound, ("redemption_id", request.RedemptionId)));

    /// <summary>What names a till's order in the ledger.</summary>
    private readonly record struct OrderName(string TenantId, string BrandId, string Source, string OrderId);
}
