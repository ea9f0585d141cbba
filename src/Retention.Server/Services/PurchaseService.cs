using System.Collections.Immutable;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using Retention.Domain.Coupons;
using Retention.Domain.Customers;
using Retention.Domain.Purchases;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;
using ReturnLine = Retention.Domain.Customers.ReturnLine;

namespace Retention.Server.Services;

/// <summary>Sales and returns. Turns messages into commands and answers into messages; decides nothing.</summary>
public sealed partial class PurchaseService(IGrainHost grains) : IRpcService
{
    private const int ReasonLengthMax = 200;
    private const int RedemptionsMax = 20;

    private static readonly ProtoReply<PurchaseReceipt, RecordPurchaseResponse> Recorded =
        new(receipt => receipt.ToProto());

    private static readonly ProtoReply<ReturnReceipt, ReturnPurchaseResponse> Returned =
        new(receipt => receipt.ToProto());

    private readonly Places places = new(grains);

    public ServiceDescriptor Descriptor => PurchaseServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<RecordPurchaseRequest, RecordPurchaseResponse>(nameof(RecordPurchase), RecordPurchase)
        .Unary<ReturnPurchaseRequest, ReturnPurchaseResponse>(nameof(ReturnPurchase), ReturnPurchase)
        .Unary<VoidPurchaseRequest, VoidPurchaseResponse>(nameof(VoidPurchase), VoidPurchase)
        .Unary<ReassignPurchaseRequest, ReassignPurchaseResponse>(nameof(ReassignPurchase), ReassignPurchase)
        .Unary<RegisterCashierRequest, RegisterCashierResponse>(nameof(RegisterCashier), RegisterCashier)
        .Unary<GetTillReportRequest, GetTillReportResponse>(nameof(GetTillReport), GetTillReport)
        .Duplex<ImportPurchasesRequest, ImportPurchasesResponse>(nameof(ImportPurchases), ImportPurchases)
        .Unary<GetPurchaseRequest, GetPurchaseResponse>(nameof(GetPurchase), GetPurchase);

    private ValueTask<RecordPurchaseResponse> RecordPurchase(RecordPurchaseRequest request, CallContext call) =>
        Record(request, call, enrollsUnknown: false);

    private async ValueTask<RecordPurchaseResponse> Record(
        RecordPurchaseRequest request, CallContext call, bool enrollsUnknown)
    {
        var caller = call.Caller();
        var origin = await places.SellingAsync(
            call, request.BrandId, request.StoreId, request.TillId, request.CashierId);
        var command = Command(request, origin, enrollsUnknown);
        var key = LedgerKey.Purchase(caller.TenantId, origin.BrandId, command.Source, command.PurchaseId);
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => PurchaseTurns.Record(turn, caller.TenantId, command),
            Recorded,
            new CommandKey(key, RefusalReason.PurchaseIdReused));
    }

    private static RecordPurchase Command(RecordPurchaseRequest request, Origin origin, bool enrollsUnknown)
    {
        var total = RequestField.Money(request.Total, "total");
        return new RecordPurchase(
            LoyaltyMessages.Customer(request.CustomerId, request.CardNumber),
            RequestField.Id(request.Source, "source"),
            RequestField.Id(request.PurchaseId, "purchase_id"),
            RequestField.OptionalTime(request.PurchaseTime, "purchase_time"),
            total,
            PurchaseMessages.NotMoney(request.Tenders, total),
            PurchaseMessages.Lines(request.Lines, total.Currency),
            RequestField.OptionalId(request.OrderId, "order_id"),
            Redemptions(request.RedemptionIds),
            enrollsUnknown,
            origin);
    }

    private static ImmutableArray<string> Redemptions(RepeatedField<string> ids) => ids.Count == 0
        ? default
        : [.. RequestField.AtMost(ids, "redemption_ids", RedemptionsMax).Select(Redemption)];

    private static string Redemption(string id) => RedemptionId.Key(id) is null
        ? throw RequestField.Invalid("redemption_ids", "red_and_32_hex_digits")
        : id;

    private async ValueTask<ReturnPurchaseResponse> ReturnPurchase(ReturnPurchaseRequest request, CallContext call)
    {
        var caller = call.Caller();
        var origin = await places.SellingAsync(
            call, request.BrandId, request.StoreId, request.TillId, request.CashierId);
        var reason = RequestField.OptionalText(request.Reason, "reason", ReasonLengthMax);
        var command = new ReturnPurchase(
            RequestField.Id(request.Source, "source"),
            RequestField.Id(request.PurchaseId, "purchase_id"),
            RequestField.Id(request.ReturnId, "return_id"),
            [.. request.Lines.Select(Line)],
            reason.Length == 0 ? null : reason,
            origin);
        var key = LedgerKey.Return(caller.TenantId, origin.BrandId, command.Source, command.ReturnId);
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => PurchaseTurns.Return(turn, caller.TenantId, command),
            Returned,
            new CommandKey(key, RefusalReason.ReturnIdReused));
    }

    private static ReturnLine Line(V1.ReturnLine line) => new(
        RequestField.Id(line.LineId, "lines.line_id"),
        RequestField.Between(line.Quantity, "lines.quantity", 0, int.MaxValue),
        line.Amount is null ? null : RequestField.Money(line.Amount, "lines.amount"));

    private async ValueTask<GetPurchaseResponse> GetPurchase(GetPurchaseRequest request, CallContext call)
    {
        var caller = call.Caller();
        var origin = await places.SellingAsync(call, request.BrandId, "", null, null);
        var source = RequestField.Id(request.Source, "source");
        var purchaseId = RequestField.Id(request.PurchaseId, "purchase_id");
        var view = await grains.Read<PurchaseView>(
            call,
            request,
            caller.Partition,
            turn => PurchaseTurns.Read(turn, caller.TenantId, origin.BrandId, source, purchaseId));
        return view.ToProto();
    }
}
