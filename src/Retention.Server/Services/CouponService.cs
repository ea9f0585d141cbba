using System.Collections.Immutable;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>
/// Coupons at the till. A code in the form of a joint coupon is asked in the partition of the agreement that its
/// prefix names, every other code in the tenant's own. Decides nothing.
/// </summary>
public sealed class CouponService(IGrainHost grains) : IRpcService
{
    private const int CodeMax = 128;
    private const int ReasonMax = 200;

    private static readonly ProtoReply<CouponRedemption, RedeemCouponResponse> Redeemed =
        new(redemption => new() { Redemption = redemption.ToProto() });

    private static readonly ProtoReply<CouponReversal, ReverseCouponRedemptionResponse> Reversed = new(reversal => new()
    {
        RedemptionId = reversal.RedemptionId,
        Discount = new Kernel.Money(reversal.Currency, reversal.DiscountMinorUnits).ToProto(),
        IsReopened = reversal.IsReopened,
        ReverseTime = reversal.ReversedAt.ToProto(),
    });

    public ServiceDescriptor Descriptor => CouponServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<ValidateCouponRequest, ValidateCouponResponse>(nameof(ValidateCoupon), ValidateCoupon)
        .Unary<RedeemCouponRequest, RedeemCouponResponse>(nameof(RedeemCoupon), RedeemCoupon)
        .Unary<ReverseCouponRedemptionRequest, ReverseCouponRedemptionResponse>(
            nameof(ReverseCouponRedemption), ReverseCouponRedemption)
        .Unary<GetCouponRequest, GetCouponResponse>(nameof(GetCoupon), GetCoupon)
        .Unary<ListCouponsRequest, ListCouponsResponse>(nameof(ListCoupons), ListCoupons);

    private async ValueTask<ValidateCouponResponse> ValidateCoupon(ValidateCouponRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = new RedeemCoupon(
            caller.TenantId,
            caller.BrandId ?? "",
            RequestField.Text(request.Code, "code", CodeMax),
            RequestField.OptionalText(request.CampaignId, "campaign_id", RequestField.IdLengthMax),
            RequestField.OptionalId(request.CustomerId, "customer_id") ?? "",
            caller.StoreOr(RequestField.OptionalId(request.StoreId, "store_id") ?? ""),
            request.Basket.ToDomain(),
            "");
        var validation = await FindAgreement(call, request, command) is { } joint
            ? await grains.Read<CouponValidation>(
                call,
                request,
                PartitionId.Agreement(joint.AgreementId),
                turn => joint.Fault is { } fault ? fault : JointCouponTurns.Validate(turn, joint.Asker, joint.AgreementId, command))
            : await grains.Read<CouponValidation>(
                call, request, caller.Partition, turn => CouponTurns.Validate(turn, command));
        return validation.ToProto();
    }

    private async ValueTask<RedeemCouponResponse> RedeemCoupon(RedeemCouponRequest request, CallContext call)
    {
        var caller = call.Caller();
        var requestId = RequestField.RequestId(request.RequestId);
        RequestField.OptionalId(request.TillId, "till_id");
        RequestField.OptionalId(request.CashierId, "cashier_id");
        var command = new RedeemCoupon(
            caller.TenantId,
            caller.BrandId ?? "",
            RequestField.Text(request.Code, "code", CodeMax),
            RequestField.OptionalText(request.CampaignId, "campaign_id", RequestField.IdLengthMax),
            RequestField.OptionalId(request.CustomerId, "customer_id") ?? "",
            caller.StoreOr(RequestField.OptionalId(request.StoreId, "store_id") ?? ""),
            request.Basket.ToDomain(),
            RedemptionId.Of(caller.TenantId, requestId));

        // Only a joint code costs another question: the hot path of a generic code is one turn.
        var joint = await FindAgreement(call, request, command);
        var partition = joint is null ? caller.Partition : PartitionId.Agreement(joint.AgreementId);
        Decision Decide(ITurn turn) => joint is null
            ? CouponTurns.Redeem(turn, command)
            : joint.Fault is { } fault ? fault : JointCouponTurns.Redeem(turn, joint.Asker, joint.AgreementId, command);

        return request.OrderId.Length == 0
            ? await grains.Change(call, request, partition, Decide, Redeemed)
            : await grains.Change(
                call,
                request,
                partition,
                Decide,
                Redeemed,
                new CommandKey(
                    OrderKey(caller, request.Source, request.OrderId), RefusalReason.OrderIdReused));
    }

    private async ValueTask<ReverseCouponRedemptionResponse> ReverseCouponRedemption(
        ReverseCouponRedemptionRequest request, CallContext call)
    {
        var caller = call.Caller();
        RequestField.RequestId(request.RequestId);
        RequestField.OptionalId(request.TillId, "till_id");
        RequestField.OptionalId(request.CashierId, "cashier_id");
        RequestField.OptionalId(request.ReturnId, "return_id");
        var reason = RequestField.Text(request.Reason, "reason", ReasonMax);
        var key = RedemptionKey(request, caller);
        var record = await grains.FindAsync(key, call.Cancellation);
        if (record?.Ledger is not { Keys.Count: > 0 } ledger || !IsOwn(record.Partition, caller)) throw Unknown(request);

        var redemptionId = RedemptionId.Of(ledger.Keys[0]);
        var command = new ReverseCouponRedemption(caller.TenantId, redemptionId, reason, request.ReturnId);
        var asker = record.Partition.IsAgreement ? await grains.Asker(call, request) : null;
        return await grains.Change(
            call,
            request,
            record.Partition,
            turn => asker is null
                ? CouponTurns.Reverse(turn, command)
                : JointCouponTurns.Reverse(turn, asker, record.Partition.OwnerId, command),
            Reversed,
            new CommandKey(RedemptionId.Reversal(redemptionId), RefusalReason.RedemptionAlreadyReversed));
    }

    private async ValueTask<GetCouponResponse> GetCoupon(GetCouponRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = new RedeemCoupon(
            caller.TenantId,
            caller.BrandId ?? "",
            RequestField.Text(request.Code, "code", CodeMax),
            RequestField.OptionalText(request.CampaignId, "campaign_id", RequestField.IdLengthMax),
            RequestField.OptionalId(request.CustomerId, "customer_id") ?? "",
            "",
            null,
            "");
        var coupon = await FindAgreement(call, request, command) is { } joint
            ? await grains.Read<CouponView>(
                call,
                request,
                PartitionId.Agreement(joint.AgreementId),
                turn => JointCouponTurns.Get(turn, joint.Asker, joint.AgreementId, command.Code))
            : await grains.Read<CouponView>(
                call, request, caller.Partition, turn => CouponTurns.Get(turn, command));
        return new GetCouponResponse { Coupon = coupon.ToProto() };
    }

    private async ValueTask<ListCouponsResponse> ListCoupons(ListCouponsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var customerId = RequestField.Id(request.CustomerId, "customer_id");
        var (from, size) = (PageIndex.Read(request.PageToken), RequestField.PageSize(request.PageSize));
        var coupons = await grains.Read<ImmutableArray<CouponView>>(
            call, request, caller.Partition, turn => CouponTurns.List(turn, caller.TenantId, customerId));
        return new ListCouponsResponse
        {
            Coupons = { coupons.Skip(from).Take(size).Select(coupon => coupon.ToProto()) },
            NextPageToken = PageIndex.Write(from + size < coupons.Length ? from + size : null),
        };
    }

    // Several agreements may share a prefix of four characters: then the one that knows the code is it.
    private async ValueTask<JointRoute?> FindAgreement(CallContext call, IMessage request, RedeemCoupon command)
    {
        if (CouponCode.Joint(command.Code) is not { } code) return null;

        var till = await grains.Read<JointTill>(
            call, request, call.Caller().Partition, turn => CouponTurns.Till(turn, command));
        var candidates = till.Agreements
            .Where(agreement => code.StartsWith(agreement.CodePrefix, StringComparison.Ordinal))
            .Select(agreement => new JointRoute(agreement.AgreementId, till.Asker, till.Fault))
            .ToList();
        foreach (var candidate in candidates.Count > 1 ? candidates : [])
        {
            var answer = await grains.AskAsync(
                new Command(
                    PartitionId.Agreement(candidate.AgreementId),
                    [],
                    UInt128.Zero,
                    turn => JointCouponTurns.Get(turn, till.Asker, candidate.AgreementId, code)),
                call.Cancellation);
            if (answer.Refusal is null) return candidate;
        }

        return candidates.Count > 0 ? candidates[0] : null;
    }

    private static LedgerKey RedemptionKey(ReverseCouponRedemptionRequest request, Caller caller)
    {
        switch (request.WhichCase)
        {
            case ReverseCouponRedemptionRequest.WhichOneofCase.RedemptionId:
                return RedemptionId.Key(request.RedemptionId) ?? throw Unknown(request);
            case ReverseCouponRedemptionRequest.WhichOneofCase.OrderId:
                return OrderKey(caller, request.Source, request.OrderId);
            default:
                throw RequestField.Invalid("redemption_id", "required");
        }
    }

    private static LedgerKey OrderKey(Caller caller, string source, string orderId) => RedemptionId.Order(
        caller.TenantId,
        caller.BrandId ?? "",
        RequestField.Id(source, "source"),
        RequestField.Id(orderId, "order_id"));

    // The agreement's own turn says whether the caller is its redeeming side.
    private static bool IsOwn(PartitionId partition, Caller caller) =>
        partition.IsAgreement || partition == caller.Partition;

    private static RpcFailure Unknown(ReverseCouponRedemptionRequest request) => ErrorMap.ToFailure(
        request.WhichCase == ReverseCouponRedemptionRequest.WhichOneofCase.OrderId
            ? Refusal.Because(RefusalReason.RedemptionNotFound, ("order_id", request.OrderId))
            : Refusal.Because(RefusalReason.RedemptionNotFound, ("redemption_id", request.RedemptionId)));

    /// <param name="Fault">Decided in the coupon's turn, so that a repeat of what was granted is granted.</param>
    private sealed record JointRoute(string AgreementId, Asker Asker, Refusal? Fault);
}
