using System.Collections.Immutable;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Links;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Server.Signing;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>
/// Coupons at the till. A code in the form of a joint coupon is asked in the partition of the agreement that its
/// prefix names, every other code in the tenant's own. Decides nothing.
/// </summary>
public sealed partial class CouponService(IGrainHost grains, CodeGuard guard, CouponSigner signer) : IRpcService
{
    private const int CodeMax = 128;

    private readonly Places places = new(grains);

    public ServiceDescriptor Descriptor => CouponServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<ValidateCouponRequest, ValidateCouponResponse>(nameof(ValidateCoupon), (request, call) =>
            guard.Guard(call.Caller(), request.CustomerId, () => ValidateCoupon(request, call)))
        .Unary<ValidateCouponsRequest, ValidateCouponsResponse>(nameof(ValidateCoupons), (request, call) =>
            guard.Guard(call.Caller(), request.CustomerId, () => ValidateCoupons(request, call)))
        .Unary<ReserveCouponRequest, ReserveCouponResponse>(nameof(ReserveCoupon), (request, call) =>
            guard.Guard(call.Caller(), request.CustomerId, () => ReserveCoupon(request, call)))
        .Unary<ReleaseReservationRequest, ReleaseReservationResponse>(nameof(ReleaseReservation), ReleaseReservation)
        .Unary<RedeemCouponRequest, RedeemCouponResponse>(nameof(RedeemCoupon), (request, call) =>
            guard.Guard(call.Caller(), request.CustomerId, () => RedeemCoupon(request, call)))
        .Unary<RedeemCouponsRequest, RedeemCouponsResponse>(nameof(RedeemCoupons), (request, call) =>
            guard.Guard(call.Caller(), request.CustomerId, () => RedeemCoupons(request, call)))
        .Unary<ReverseCouponRedemptionRequest, ReverseCouponRedemptionResponse>(
            nameof(ReverseCouponRedemption), ReverseCouponRedemption)
        .Unary<GetCouponRequest, GetCouponResponse>(nameof(GetCoupon), (request, call) =>
            guard.Guard(call.Caller(), request.CustomerId, () => GetCoupon(request, call)))
        .Unary<ListCouponsRequest, ListCouponsResponse>(nameof(ListCoupons), ListCoupons)
        .Unary<VoidCouponRequest, VoidCouponResponse>(nameof(VoidCoupon), (request, call) =>
            guard.Guard(call.Caller(), request.CustomerId, () => VoidCoupon(request, call)))
        .Unary<RotateSigningKeyRequest, RotateSigningKeyResponse>(nameof(RotateSigningKey), RotateSigningKey)
        .Unary<ListSigningKeysRequest, ListSigningKeysResponse>(nameof(ListSigningKeys), ListSigningKeys)
        .Unary<SignCouponsRequest, SignCouponsResponse>(nameof(SignCoupons), (request, call) =>
            guard.Guard(call.Caller(), "", () => SignCoupons(request, call)))
        .Unary<CaptureOfflineRequest, CaptureOfflineResponse>(nameof(CaptureOffline), (request, call) =>
            guard.Guard(call.Caller(), "", () => CaptureOffline(request, call)))
        .Unary<ListOfflineConflictsRequest, ListOfflineConflictsResponse>(
            nameof(ListOfflineConflicts), ListOfflineConflicts);

    private async ValueTask<ValidateCouponResponse> ValidateCoupon(ValidateCouponRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = CommandOf(caller, request.Code, request.CampaignId, request.CustomerId) with
        {
            StoreId = StoreOf(caller, request.StoreId),
            Basket = request.Basket.ToDomain(),
        };
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

    private async ValueTask<ValidateCouponsResponse> ValidateCoupons(ValidateCouponsRequest request, CallContext call)
    {
        var caller = call.Caller();
        if (request.Codes.Count == 0) throw RequestField.Invalid("codes", "required");
        RequestField.AtMost(request.Codes, "codes", CouponStack.CodesMax);
        var till = CommandOf(caller, request.Codes[0], request.CampaignId, request.CustomerId) with
        {
            StoreId = StoreOf(caller, request.StoreId),
            Basket = request.Basket.ToDomain() ?? throw RequestField.Invalid("basket", "required"),
        };
        var joint = ImmutableArray.CreateBuilder<JointCode>();
        foreach (var (position, code) in request.Codes.Index())
        {
            var one = till with { Code = RequestField.Text(code, "codes", CodeMax) };
            if (await FindAgreement(call, request, one) is not { } route) continue;
            if (route.Fault is { } fault) throw ErrorMap.ToFailure(fault);
            joint.Add(await JudgedAsync(position, route, one, call));
        }

        var command = new ValidateStack(till, [.. request.Codes]) { Joint = joint.ToImmutable() };
        var stack = await grains.Read<StackValidation>(
            call, request, caller.Partition, turn => StackTurns.Validate(turn, command));
        foreach (var code in stack.Codes)
        {
            if (code.Failing is [{ Reason: RefusalReason.CouponNotFound }]) guard.Count(caller, request.CustomerId);
        }

        return stack.ToProto();
    }

    // The agreement judges its coupon alone; the chain's own turn combines.
    private async ValueTask<JointCode> JudgedAsync(int position, JointRoute route, RedeemCoupon one, CallContext call)
    {
        var answer = await grains.AskAsync(
            new Command(
                PartitionId.Agreement(route.AgreementId),
                [],
                UInt128.Zero,
                turn => JointCouponTurns.Validate(turn, route.Asker, route.AgreementId, one)),
            call.Cancellation);
        return answer.Reply is CouponValidation validation
            ? new JointCode(
                position,
                route.AgreementId,
                CouponCode.CouponId(CouponCode.Joint(one.Code) ?? ""),
                validation.DiscountMinorUnits,
                validation.Failing)
            : new JointCode(position, "", "", 0, [answer.Refusal ?? Refusal.Because(RefusalReason.CouponNotFound)]);
    }

    private async ValueTask<GetCouponResponse> GetCoupon(GetCouponRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = CommandOf(caller, request.Code, request.CampaignId, request.CustomerId);
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
            .Select(agreement => new JointRoute(
                agreement.AgreementId,
                till.Asker with { Customer = CustomerLinks.PseudonymsOf(agreement, command.CustomerId) },
                till.Fault,
                till.Order))
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

    /// <summary>The command that every question about a code begins with.</summary>
    private static RedeemCoupon CommandOf(Caller caller, string code, string campaignId, string customerId) => new(
        caller.TenantId,
        caller.BrandId ?? "",
        RequestField.Text(code, "code", CodeMax),
        RequestField.OptionalText(campaignId, "campaign_id", RequestField.IdLengthMax),
        RequestField.OptionalId(customerId, "customer_id") ?? "",
        "",
        null,
        "");

    private static string StoreOf(Caller caller, string storeId) =>
        caller.StoreOr(RequestField.OptionalId(storeId, "store_id") ?? "");

    /// <param name="Fault">Decided in the coupon's turn, so that a repeat of what was granted is granted.</param>
    /// <param name="Order">The till's order, by the tenant's own name for it; empty: it names none.</param>
    private sealed record JointRoute(string AgreementId, Asker Asker, Refusal? Fault, string Order);
}
