using System.Security.Cryptography;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>Coupons and codes that offers issue. The only place that draws their randomness.</summary>
public sealed partial class OfferService
{
    private const int CodesPerMessage = 1_000;

    private static readonly ProtoReply<CouponsIssued, IssueCouponsResponse> Issued = new(issued => new()
    {
        Coupons =
        {
            issued.Coupons.Select(coupon => new IssuedCoupon
            {
                CouponId = coupon.CouponId, Code = coupon.Code, ExpireTime = coupon.ExpiresAt.ToProto(),
            }),
        },
    });

    private static readonly ProtoReply<Domain.Coupons.CodeSeries, IssueCouponsResponse> IssuedSeries =
        new(series => new() { Series = series.ToProto() });

    private static readonly ProtoReply<CodesImported, ImportCodesResponse> Imported =
        new(imported => new() { ImportedCount = imported.Imported, Taken = { imported.Taken } });

    private ValueTask<IssueCouponsResponse> IssueCoupons(IssueCouponsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var offerId = RequestField.Id(request.OfferId, "offer_id");
        var isHeld = request.HolderCase == IssueCouponsRequest.HolderOneofCase.CustomerId;
        var count = isHeld ? 1 : RequestField.Between(request.Count, "count", 1, IssueSeries.CountMax);
        if (count > Domain.Offers.IssueCoupons.CouponsMax)
        {
            var seriesId = CodeSeriesId.Of(caller.TenantId, RequestField.RequestId(request.RequestId));
            var series = new IssueSeries(caller.TenantId, offerId, seriesId, count);
            return grains.Change(
                call, request, caller.Partition, turn => CodeSeriesTurns.Issue(turn, series), IssuedSeries);
        }

        var command = new IssueCoupons(
            caller.TenantId,
            offerId,
            isHeld ? RequestField.Id(request.CustomerId, "customer_id") : "",
            [.. Enumerable.Range(0, count).Select(_ => Draw())]);
        return grains.Change(call, request, caller.Partition, turn => OfferTurns.Issue(turn, command), Issued);
    }

    private async Task ExportCodes(ExportCodesRequest request, RpcWriter<ExportCodesResponse> responses, CallContext call)
    {
        var caller = call.Caller();
        var seriesId = RequestField.Id(request.SeriesId, "series_id");
        var series = await grains.Read<Domain.Coupons.CodeSeries>(
            call, request, caller.Partition, turn => CodeSeriesTurns.Get(turn, caller.TenantId, seriesId));
        var next = RequestField.Between(request.FromIndex, "from_index", 0, series.Count);
        await responses.Write(new ExportCodesResponse { Series = series.ToProto(), FirstIndex = next });
        while (next < series.Count)
        {
            call.Cancellation.ThrowIfCancellationRequested();
            var codes = new string[Math.Min(CodesPerMessage, series.Count - next)];
            var first = next;
            Parallel.For(0, codes.Length, index => codes[index] = series.CodeAt(first + index));
            await responses.Write(new ExportCodesResponse { FirstIndex = first, Codes = { codes } });
            next += codes.Length;
        }
    }

    private ValueTask<ImportCodesResponse> ImportCodes(ImportCodesRequest request, CallContext call)
    {
        var caller = call.Caller();
        if (request.Codes.Count == 0) throw RequestField.Invalid("codes", "required");
        RequestField.AtMost(request.Codes, "codes", Domain.Coupons.ImportCodes.CodesMax);
        var command = new ImportCodes(
            caller.TenantId,
            RequestField.Id(request.OfferId, "offer_id"),
            [.. request.Codes.Select(code => RequestField.Text(code, "codes", CouponCode.GenericLengthMax))]);
        return grains.Change(call, request, caller.Partition, turn => CodeSeriesTurns.Import(turn, command), Imported);
    }

    private static string Draw()
    {
        while (true)
        {
            var code = CouponCode.Of(RandomNumberGenerator.GetBytes(CouponCode.RandomBytes));
            if (!BannedWords.In(code)) return code;
        }
    }
}
