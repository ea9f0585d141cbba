using System.Collections.Immutable;
using System.Globalization;
using Google.Protobuf.Reflection;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;
using DomainLot = Retention.Domain.Customers.Lot;

namespace Retention.Server.Services;

/// <summary>Points of a customer. Turns messages into commands and answers into messages; decides nothing.</summary>
public sealed partial class LoyaltyService(IGrainHost grains) : IRpcService
{
    private const int ReasonLengthMax = 200;

    private static readonly ProtoReply<RedemptionReceipt, RedeemPointsResponse> Redeemed = new(receipt => new()
    {
        RedemptionId = receipt.Redemption.RedemptionId,
        Balance = receipt.Balance.ToProto(),
        Slices = { receipt.Redemption.Slices.Select(slice => slice.ToProto()) },
    });

    private static readonly ProtoReply<ReversalReceipt, ReverseRedemptionResponse> Reversed = new(receipt => new()
    {
        RestoredMillipoints = receipt.Reversal.Millipoints,
        PaidDebtMillipoints = receipt.Reversal.PaidBack.IsDefaultOrEmpty
            ? 0
            : receipt.Reversal.PaidBack.Sum(slice => slice.Millipoints),
        Balance = receipt.Balance.ToProto(),
    });

    private readonly Places places = new(grains);

    public ServiceDescriptor Descriptor => LoyaltyServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<GetBalanceRequest, GetBalanceResponse>(nameof(GetBalance), GetBalance)
        .Unary<RedeemPointsRequest, RedeemPointsResponse>(nameof(RedeemPoints), RedeemPoints)
        .Unary<ReverseRedemptionRequest, ReverseRedemptionResponse>(nameof(ReverseRedemption), ReverseRedemption)
        .Unary<AuthorizePointsRequest, AuthorizePointsResponse>(nameof(AuthorizePoints), AuthorizePoints)
        .Unary<CapturePointsRequest, CapturePointsResponse>(nameof(CapturePoints), CapturePoints)
        .Unary<VoidPointsRequest, VoidPointsResponse>(nameof(VoidPoints), VoidPoints)
        .Unary<AdjustPointsRequest, AdjustPointsResponse>(nameof(AdjustPoints), AdjustPoints)
        .Unary<TransferPointsRequest, TransferPointsResponse>(nameof(TransferPoints), TransferPoints)
        .Unary<ListLotsRequest, ListLotsResponse>(nameof(ListLots), ListLots);

    private async ValueTask<GetBalanceResponse> GetBalance(GetBalanceRequest request, CallContext call)
    {
        var caller = call.Caller();
        var customer = LoyaltyMessages.Customer(request.CustomerId, request.CardNumber);
        var (view, position) = await grains.ReadAt<LotsView>(
            call, request, caller.Partition, turn => LoyaltyTurns.Read(turn, caller.TenantId, customer));
        return new GetBalanceResponse { Balance = view.Balance.ToProto(), Position = position };
    }

    private async ValueTask<RedeemPointsResponse> RedeemPoints(RedeemPointsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var orderId = RequestField.OptionalId(request.OrderId, "order_id");
        var source = orderId is null ? null : RequestField.Id(request.Source, "source");
        var origin = orderId is null
            ? await places.AnywhereAsync(call, request.StoreId, request.TillId, request.CashierId)
            : await places.SellingAsync(call, request.BrandId, request.StoreId, request.TillId, request.CashierId);

        // The redemption is named after the request, so that every retry names the same redemption.
        var command = new RedeemPoints(
            LoyaltyMessages.Customer(request.CustomerId, request.CardNumber),
            CustomerIds.Redemption(caller.TenantId, RequestField.RequestId(request.RequestId)),
            request.Millipoints,
            RequestField.OptionalId(request.GiftId, "gift_id"),
            source,
            orderId,
            origin);
        CommandKey[] order = orderId is null
            ? []
            : [new(CustomerIds.Order(caller.TenantId, origin.BrandId, source!, orderId), RefusalReason.OrderIdReused)];
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => LoyaltyTurns.Redeem(turn, caller.TenantId, command),
            Redeemed,
            order);
    }

    private async ValueTask<ReverseRedemptionResponse> ReverseRedemption(
        ReverseRedemptionRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = new ReverseRedemption(
            RequestField.Id(request.RedemptionId, "redemption_id"),
            RequestField.OptionalText(request.Reason, "reason", ReasonLengthMax),
            await places.AnywhereAsync(call, request.StoreId, request.TillId, request.CashierId));
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => LoyaltyTurns.Reverse(turn, caller.TenantId, command),
            Reversed,
            new CommandKey(
                CustomerIds.Reversal(caller.TenantId, command.RedemptionId),
                RefusalReason.RedemptionAlreadyReversed));
    }

    private async ValueTask<ListLotsResponse> ListLots(ListLotsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var customer = new CustomerRef(RequestField.Id(request.CustomerId, "customer_id"), null);
        var size = RequestField.PageSize(request.PageSize);
        var after = Position(request.PageToken);
        var view = await grains.Read<LotsView>(
            call, request, caller.Partition, turn => LoyaltyTurns.Read(turn, caller.TenantId, customer));

        var rest = view.Lots.Where(lot => lot.Remaining > 0 && !lot.IsDead(view.Now) && IsAfter(lot, after)).ToList();
        var page = rest.Take(size).ToList();
        return new ListLotsResponse
        {
            Lots = { page.Select(lot => lot.ToProto()) },
            Balance = view.Balance.ToProto(),
            NextPageToken = PageToken.Write(rest.Count > size ? Token(page[^1]) : null),
        };
    }

    // A page ends at a lot's place in the order of burning, so that lots that come and go move no other lot.
    private static string Token(DomainLot lot) => string.Create(
        CultureInfo.InvariantCulture,
        $"{lot.ExpiresAt.ToUnixTimeTicks()} {lot.ActiveFrom.ToUnixTimeTicks()} {lot.Number}");

    private static (long Expiry, long Active, long Number)? Position(string token)
    {
        if (PageToken.Read(token) is not { } text) return null;

        var parts = text.Split(' ');
        return parts.Length == 3
            && long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var expiry)
            && long.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var active)
            && long.TryParse(parts[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? (expiry, active, number)
                : throw RequestField.Invalid("page_token", "as_returned");
    }

    private static bool IsAfter(DomainLot lot, (long Expiry, long Active, long Number)? after) => after is not { } end
        || (lot.ExpiresAt.ToUnixTimeTicks(), lot.ActiveFrom.ToUnixTimeTicks(), lot.Number).CompareTo(end) > 0;
}
