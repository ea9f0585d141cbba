using Google.Protobuf;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Offline;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Server.Signing;
using Retention.Transport;
using Retention.V1;
using CouponToSign = Retention.Domain.Offline.CouponToSign;
using SignedCoupon = Retention.Domain.Offline.SignedCoupon;
using SigningKey = Retention.Domain.Offline.SigningKey;

namespace Retention.Server.Services;

/// <summary>Coupons at tills without the network: signed before, captured later.</summary>
public sealed partial class CouponService
{
    private const int SignedTextMax = 2_000;
    private const int SignatureMax = 128;

    private static readonly ProtoReply<OfflineCapture, OfflineResult> Captured = new(OfflineMessages.ToProto);

    // What is kept under the request's id: that it came. Its results are those of its items.
    private static readonly ProtoReply<string, CaptureOfflineResponse> Begun = new(_ => new());

    private async ValueTask<RotateSigningKeyResponse> RotateSigningKey(RotateSigningKeyRequest request, CallContext call)
    {
        var caller = call.Caller();
        RequestField.RequestId(request.RequestId);
        var reason = RequestField.OptionalText(request.Reason, "reason", ReasonMax);
        var (keyId, publicKey, hidden) = await signer.NewKeyAsync(caller.TenantId, call.Cancellation);
        var command = new RotateSigningKey(caller.TenantId, keyId, publicKey, hidden, request.RevokesEarlier, reason);
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => SigningKeyTurns.Rotate(turn, command),
            new ProtoReply<SigningKeysState, RotateSigningKeyResponse>(
                state => new() { Key = OfflineMessages.ToProto(state.Keys[^1], caller.TenantId) }));
    }

    private async ValueTask<ListSigningKeysResponse> ListSigningKeys(ListSigningKeysRequest request, CallContext call)
    {
        var caller = call.Caller();
        var agreementId = RequestField.OptionalId(request.AgreementId, "agreement_id");
        var tenants = agreementId is null ? [caller.TenantId] : await SignersAsync(call, request, agreementId);
        var response = new ListSigningKeysResponse();
        foreach (var tenantId in tenants)
        {
            var state = await KeysAsync(tenantId, call);
            response.Keys.AddRange(state.Keys.Select(key => OfflineMessages.ToProto(key, tenantId)));
        }

        return response;
    }

    private async ValueTask<SignCouponsResponse> SignCoupons(SignCouponsRequest request, CallContext call)
    {
        var caller = call.Caller();
        if (request.Coupons.Count == 0) throw RequestField.Invalid("coupons", "required");
        RequestField.AtMost(request.Coupons, "coupons", Domain.Offline.CaptureOffline.ItemsMax);
        var texts = new List<CouponToSign>();
        foreach (var coupon in request.Coupons)
        {
            var command = CommandOf(caller, coupon.Code, coupon.CampaignId, coupon.CustomerId);
            texts.Add(await ToSignAsync(call, request, command));
        }

        return await signer.SignAsync(caller.TenantId, texts, call.Cancellation);
    }

    private async ValueTask<CouponToSign> ToSignAsync(CallContext call, IMessage request, RedeemCoupon command)
    {
        if (await FindAgreement(call, request, command) is not { } joint)
        {
            return await grains.Read<CouponToSign>(
                call, request, call.Caller().Partition, turn => OfflineTurns.ToSign(turn, command));
        }

        var key = (await KeysAsync(command.TenantId, call)).Signing;
        return await grains.Read<CouponToSign>(
            call,
            request,
            PartitionId.Agreement(joint.AgreementId),
            turn => joint.Fault is { } fault
                ? fault
                : JointOfflineTurns.ToSign(turn, joint.Asker, joint.AgreementId, command.Code, key));
    }

    private async ValueTask<CaptureOfflineResponse> CaptureOffline(CaptureOfflineRequest request, CallContext call)
    {
        var caller = call.Caller();
        RequestField.RequestId(request.RequestId);
        if (request.Items.Count == 0) throw RequestField.Invalid("items", "required");
        RequestField.AtMost(request.Items, "items", Domain.Offline.CaptureOffline.ItemsMax);

        // The request's id is taken before any item: who sealed it, or used it for something else, stops all of them.
        await grains.Change(call, request, caller.Partition, _ => Decision.With(request.RequestId), Begun);
        var response = new CaptureOfflineResponse();
        var keys = new Dictionary<string, SigningKeysState>(StringComparer.Ordinal);
        foreach (var item in request.Items)
        {
            response.Results.Add(await ResultOf(item, request, keys, call));
        }

        return response;
    }

    private async ValueTask<OfflineResult> ResultOf(
        OfflineItem item, CaptureOfflineRequest request, Dictionary<string, SigningKeysState> keys, CallContext call)
    {
        try
        {
            return await CaptureItem(item, request, keys, call);
        }
        catch (RpcFailure failure) when (IsAnswer(failure) && failure.Info() is { } info)
        {
            if (failure.IsBecause(RefusalReason.CouponNotFound)) guard.Count(call.Caller(), item.CustomerId);
            return new OfflineResult { Reason = info.Reason, Metadata = { info.Metadata } };
        }
    }

    // What a later try may change is no answer to an item: the whole call is to be repeated.
    private static bool IsAnswer(RpcFailure failure) => failure.Code
        is RpcStatus.InvalidArgument or RpcStatus.NotFound or RpcStatus.AlreadyExists or RpcStatus.FailedPrecondition;

    private async ValueTask<OfflineResult> CaptureItem(
        OfflineItem item, CaptureOfflineRequest request, Dictionary<string, SigningKeysState> keys, CallContext call)
    {
        var caller = call.Caller();
        CheckTill(item.TillId, item.CashierId);
        var order = await OrderAsync(call, StoreOf(caller, item.StoreId), item.Source, item.OrderId);
        var key = OrderKey(order);
        var till = CommandOf(caller, item.Code, item.CampaignId, item.CustomerId) with
        {
            StoreId = StoreOf(caller, item.StoreId),
            Basket = item.Basket.ToDomain(),
            LacksTillIds = Places.LacksTillIds(caller, item.TillId, item.CashierId),
            RedemptionId = RedemptionId.Of(key),
            OrderReservation = ReservationOf(order),
        };
        var joint = await FindAgreement(call, request, till);
        var text = RequestField.Text(item.SignedText, "items.signed_text", SignedTextMax);
        var signed = SignedCoupon.Parse(text);
        var signers = joint is null ? [caller.TenantId] : await SignersAsync(call, request, joint.AgreementId);
        var isGood = signed is not null && IsOf(signed, item.Code) && signers.Contains(signed.TenantId)
            && await IsSignedAsync(signed, text, item.Signature, keys, call);
        var command = new Domain.Offline.CaptureOffline(
            till,
            signed,
            joint?.Fault ?? (isGood ? null : Refusal.Because(RefusalReason.SignatureInvalid)),
            item.Source,
            item.OrderId,
            item.TillId,
            item.TillTime is null
                ? throw RequestField.Invalid("items.till_time", "required")
                : RequestField.Time(item.TillTime, "items.till_time"));
        var answer = await grains.AskAsync(
            new Command(
                joint is null ? caller.Partition : PartitionId.Agreement(joint.AgreementId),
                [new CommandKey(key, RefusalReason.OrderIdReused)],
                LedgerKey.Digest(item.ToByteArray()),
                turn => joint is null
                    ? OfflineTurns.Capture(turn, command)
                    : JointOfflineTurns.Capture(turn, joint.Asker, joint.AgreementId, command),
                Captured),
            CancellationToken.None);
        return (OfflineResult)Asking.Granted(answer);
    }

    private async ValueTask<ListOfflineConflictsResponse> ListOfflineConflicts(
        ListOfflineConflictsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var agreementId = RequestField.OptionalId(request.AgreementId, "agreement_id");
        var (from, size) = (PageIndex.Read(request.PageToken), RequestField.PageSize(request.PageSize));
        var asker = agreementId is null ? null : await grains.Asker(call, request);
        var report = await grains.Read<OfflineReport>(
            call,
            request,
            agreementId is null ? caller.Partition : PartitionId.Agreement(agreementId),
            turn => asker is null
                ? OfflineTurns.Report(turn, caller.TenantId, from, size)
                : JointOfflineTurns.Report(turn, asker, agreementId!, from, size));
        return report.ToProto();
    }

    private async ValueTask<IReadOnlyList<string>> SignersAsync(CallContext call, IMessage request, string agreementId)
    {
        var asker = await grains.Asker(call, request);
        var signers = await grains.Read<OfflineSigners>(
            call,
            request,
            PartitionId.Agreement(agreementId),
            turn => JointOfflineTurns.Signers(turn, asker, agreementId));
        return signers.FirstTenantId == signers.SecondTenantId
            ? [signers.FirstTenantId]
            : [signers.FirstTenantId, signers.SecondTenantId];
    }

    // Public keys of a tenant: of the caller's, or of the partner's in an agreement that the caller is a party of.
    private async ValueTask<SigningKeysState> KeysAsync(string tenantId, CallContext call) =>
        (SigningKeysState)Asking.Granted(await grains.AskAsync(
            new Command(PartitionId.Tenant(tenantId), [], UInt128.Zero, turn => SigningKeyTurns.Get(turn, tenantId)),
            call.Cancellation));

    private async ValueTask<bool> IsSignedAsync(
        SignedCoupon signed, string text, ByteString signature, Dictionary<string, SigningKeysState> known, CallContext call)
    {
        if (signature.Length is 0 or > SignatureMax) return false;
        if (!known.TryGetValue(signed.TenantId, out var state))
        {
            known[signed.TenantId] = state = await KeysAsync(signed.TenantId, call);
        }

        return state.Keys.FirstOrDefault(key => key.KeyId == signed.KeyId && key.RevokedAt is null) is { } found
            && CouponSigner.IsSigned(found, text, signature.Span);
    }

    private static bool IsOf(SignedCoupon signed, string typed) =>
        signed.Code == CouponCode.Own(typed) || signed.Code == CouponCode.Joint(typed) || signed.Code == CouponCode.Generic(typed);
}
