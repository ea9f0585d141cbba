using Retention.Domain.Customers;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;
using AdjustPointsCommand = Retention.Domain.Customers.AdjustPoints;
using TransferPointsCommand = Retention.Domain.Customers.TransferPoints;

namespace Retention.Server.Services;

/// <summary>Points that move without a sale.</summary>
public sealed partial class LoyaltyService
{
    private static readonly ProtoReply<AdjustReceipt, AdjustPointsResponse> Adjusted = new(receipt => new()
    {
        LotId = receipt.Adjustment.Given.IsDefaultOrEmpty ? "" : LoyaltyMessages.LotId(receipt.Adjustment.Given[0].Number),
        PaidDebtMillipoints = receipt.Adjustment.PaidBack.IsDefaultOrEmpty
            ? 0
            : receipt.Adjustment.PaidBack.Sum(slice => slice.Millipoints),
        Balance = receipt.Balance.ToProto(),
    });

    private static readonly ProtoReply<TransferReceipt, TransferPointsResponse> Transferred = new(receipt => new()
    {
        TransferId = receipt.Sent.TransferId,
        FromBalance = receipt.From.ToProto(),
        ToBalance = receipt.To.ToProto(),
        Slices = { receipt.Sent.Taken.Select(slice => slice.ToProto()) },
    });

    private async ValueTask<AdjustPointsResponse> AdjustPoints(AdjustPointsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var millipoints = RequestField.Between(
            request.Millipoints, "millipoints", -TransferTurns.AdjustMax, TransferTurns.AdjustMax);
        if (millipoints == 0) throw RequestField.Invalid("millipoints", "not_0");
        var brandId = RequestField.OptionalId(request.BrandId, "brand_id");
        var origin = await places.AnywhereAsync(call, "", null, null);
        var command = new AdjustPointsCommand(
            RequestField.Id(request.CustomerId, "customer_id"),
            millipoints,
            RequestField.Text(request.Reason, "reason", ReasonLengthMax),
            brandId is null ? origin : origin with { BrandId = brandId });
        return await grains.Change(
            call, request, caller.Partition, turn => TransferTurns.Adjust(turn, caller.TenantId, command), Adjusted);
    }

    private async ValueTask<TransferPointsResponse> TransferPoints(TransferPointsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var reason = RequestField.OptionalText(request.Reason, "reason", ReasonLengthMax);
        var command = new TransferPointsCommand(
            CustomerIds.Transfer(caller.TenantId, RequestField.RequestId(request.RequestId)),
            RequestField.Id(request.FromCustomerId, "from_customer_id"),
            RequestField.Id(request.ToCustomerId, "to_customer_id"),
            RequestField.PositiveLong(request.Millipoints, "millipoints"),
            reason.Length == 0 ? null : reason,
            await places.AnywhereAsync(call, "", request.TillId, request.CashierId));
        return await grains.Change(
            call, request, caller.Partition, turn => TransferTurns.Transfer(turn, caller.TenantId, command), Transferred);
    }
}
