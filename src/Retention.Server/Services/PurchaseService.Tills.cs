using NodaTime;
using NodaTime.Text;
using Retention.Domain.Tills;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;
using RegisterCashierCommand = Retention.Domain.Tills.RegisterCashier;

namespace Retention.Server.Services;

/// <summary>Who stands at the tills, and what the program's rules noticed there.</summary>
public sealed partial class PurchaseService
{
    private static readonly ProtoReply<CashierReceipt, RegisterCashierResponse> Registered = new(receipt => new()
    {
        StoreId = receipt.StoreId, CashierId = receipt.CashierId, CustomerId = receipt.CustomerId,
    });

    private async ValueTask<RegisterCashierResponse> RegisterCashier(RegisterCashierRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = new RegisterCashierCommand(
            RequestField.OptionalId(request.StoreId, "store_id") ?? "",
            RequestField.Text(request.CashierId, "cashier_id", RequestField.IdLengthMax),
            RequestField.OptionalId(request.CustomerId, "customer_id") ?? "");
        return await grains.Change(
            call, request, caller.Partition, turn => TillTurns.Register(turn, caller.TenantId, command), Registered);
    }

    private async ValueTask<GetTillReportResponse> GetTillReport(GetTillReportRequest request, CallContext call)
    {
        var caller = call.Caller();
        var (start, end) = (Day(request.StartDate, "start_date"), Day(request.EndDate, "end_date"));
        var days = Period.DaysBetween(start, end) + 1;
        if (days is < 1 or > TillTurns.ReportDaysMax) throw RequestField.Invalid("end_date", "1_to_92_days_from_the_start");
        var storeId = RequestField.OptionalId(caller.StoreOr(request.StoreId), "store_id") ?? "";
        var (from, size) = (PageIndex.Read(request.PageToken), RequestField.PageSize(request.PageSize));
        var report = await grains.Read<TillReport>(
            call, request, caller.Partition, turn => TillTurns.Report(turn, caller.TenantId, start, end, storeId));
        return new GetTillReportResponse
        {
            Tills = { report.Counts.Skip(from).Take(size).Select(ToProto) },
            NextPageToken = PageIndex.Write(from + size < report.Counts.Length ? from + size : null),
            UnnamedFlags = report.Unnamed,
        };
    }

    private static TillFlags ToProto(TillCount count) => new()
    {
        StoreId = count.StoreId,
        TillId = count.TillId,
        CashierId = count.CashierId,
        OwnCard = count.OwnCard,
        CardVelocity = count.CardVelocity,
    };

    private static LocalDate Day(string text, string field)
    {
        if (text.Length == 0) throw RequestField.Invalid(field, "required");
        var parsed = LocalDatePattern.Iso.Parse(text);
        return parsed.Success ? parsed.Value : throw RequestField.Invalid(field, "iso_8601_date");
    }
}
