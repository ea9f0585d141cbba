using Retention.Domain.Purchases;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>Cashiers' errors.</summary>
public sealed partial class PurchaseService
{
    private static readonly ProtoReply<VoidReceipt, VoidPurchaseResponse> Voided = new(receipt => receipt.ToProto());

    private static readonly ProtoReply<ReassignReceipt, ReassignPurchaseResponse> Reassigned =
        new(receipt => receipt.ToProto());

    private async ValueTask<VoidPurchaseResponse> VoidPurchase(VoidPurchaseRequest request, CallContext call)
    {
        var caller = call.Caller();
        var origin = await places.SellingAsync(call, request.BrandId, "", request.TillId, request.CashierId);
        var command = new VoidPurchase(
            RequestField.Id(request.Source, "source"),
            RequestField.Id(request.PurchaseId, "purchase_id"),
            RequestField.Text(request.Reason, "reason", ReasonLengthMax),
            origin);
        var key = CorrectionTurns.VoidKey(caller.TenantId, origin.BrandId, command.Source, command.PurchaseId);
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => CorrectionTurns.Void(turn, caller.TenantId, command),
            Voided,
            new CommandKey(key, RefusalReason.PurchaseVoided));
    }

    private async ValueTask<ReassignPurchaseResponse> ReassignPurchase(ReassignPurchaseRequest request, CallContext call)
    {
        var caller = call.Caller();
        var origin = await places.SellingAsync(call, request.BrandId, "", request.TillId, request.CashierId);
        var command = new ReassignPurchase(
            RequestField.Id(request.Source, "source"),
            RequestField.Id(request.PurchaseId, "purchase_id"),
            RequestField.Id(request.CustomerId, "customer_id"),
            RequestField.Text(request.Reason, "reason", ReasonLengthMax),
            origin);
        var key = CorrectionTurns.ReassignKey(caller.TenantId, origin.BrandId, command.Source, command.PurchaseId);
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => CorrectionTurns.Reassign(turn, caller.TenantId, command),
            Reassigned,
            new CommandKey(key, RefusalReason.PurchaseReassigned));
    }
}
