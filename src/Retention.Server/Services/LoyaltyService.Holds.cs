using NodaTime;
using Retention.Domain.Customers;
using Retention.Kernel;
using Retention.Engine.Ports;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;
using AuthorizePointsCommand = Retention.Domain.Customers.AuthorizePoints;
using CapturePointsCommand = Retention.Domain.Customers.CapturePoints;
using VoidPointsCommand = Retention.Domain.Customers.VoidPoints;

namespace Retention.Server.Services;

/// <summary>Points that wait for a redemption.</summary>
public sealed partial class LoyaltyService
{
    private static readonly ProtoReply<HoldReceipt, AuthorizePointsResponse> Authorized = new(receipt => new()
    {
        HoldId = receipt.Held.HoldId,
        ExpireTime = receipt.Held.ExpiresAt.ToProto(),
        Balance = receipt.Balance.ToProto(),
    });

    private static readonly ProtoReply<CaptureReceipt, CapturePointsResponse> Captured = new(receipt => new()
    {
        RedemptionId = receipt.Captured.RedemptionId,
        Balance = receipt.Balance.ToProto(),
        Slices = { receipt.Captured.Slices.Select(slice => slice.ToProto()) },
    });

    private static readonly ProtoReply<VoidHoldReceipt, VoidPointsResponse> VoidedHold =
        new(receipt => new() { Balance = receipt.Balance.ToProto() });

    private async ValueTask<AuthorizePointsResponse> AuthorizePoints(AuthorizePointsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = new AuthorizePointsCommand(
            LoyaltyMessages.Customer(request.CustomerId, request.CardNumber),
            CustomerIds.Hold(caller.TenantId, RequestField.RequestId(request.RequestId)),
            RequestField.PositiveLong(request.Millipoints, "millipoints"),
            Ttl(request.Ttl),
            await places.AnywhereAsync(call, request.StoreId, request.TillId, request.CashierId));
        return await grains.Change(
            call, request, caller.Partition, turn => HoldTurns.Authorize(turn, caller.TenantId, command), Authorized);
    }

    private async ValueTask<CapturePointsResponse> CapturePoints(CapturePointsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var millipoints = RequestField.Between(request.Millipoints, "millipoints", 0, long.MaxValue);
        var command = new CapturePointsCommand(
            RequestField.Id(request.HoldId, "hold_id"),
            CustomerIds.Redemption(caller.TenantId, RequestField.RequestId(request.RequestId)),
            millipoints == 0 ? null : millipoints,
            await places.AnywhereAsync(call, "", request.TillId, request.CashierId));
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => HoldTurns.Capture(turn, caller.TenantId, command),
            Captured,
            new CommandKey(HoldTurns.EndKey(caller.TenantId, command.HoldId), RefusalReason.HoldEnded));
    }

    private async ValueTask<VoidPointsResponse> VoidPoints(VoidPointsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = new VoidPointsCommand(
            RequestField.Id(request.HoldId, "hold_id"),
            await places.AnywhereAsync(call, "", request.TillId, request.CashierId));
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => HoldTurns.Void(turn, caller.TenantId, command),
            VoidedHold,
            new CommandKey(HoldTurns.EndKey(caller.TenantId, command.HoldId), RefusalReason.HoldEnded));
    }

    private static Duration Ttl(Google.Protobuf.WellKnownTypes.Duration? asked)
    {
        if (asked is null) throw RequestField.Invalid("ttl", "required");
        var ttl = Duration.FromSeconds(Math.Clamp(asked.Seconds, 0, 1L << 32)) + Duration.FromNanoseconds(asked.Nanos);
        return ttl >= HoldTurns.TtlMin && ttl <= HoldTurns.TtlMax
            ? ttl
            : throw RequestField.Invalid("ttl", "from_1_second_to_7_days");
    }
}
