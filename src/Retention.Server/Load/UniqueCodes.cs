using Retention.Server.Client;
using Retention.V1;

namespace Retention.Server.Load;

/// <summary>How the coupons lie on disk.</summary>
internal enum CodeStorage
{
    /// <summary>A series: three facts, codes are computed.</summary>
    Series,

    /// <summary>A grain of its own for each coupon, issued 500 at a time.</summary>
    Stored,
}

/// <summary>
/// An offer of unique coupons and the codes of all of them. Made by requests with ids of their own, so that the next run
/// under the same name finds it.
/// </summary>
internal sealed class UniqueCodes(Uri endpoint, string tenantKey, string name) : IDisposable
{
    private const string Offers = "retention.v1.OfferService/";
    private const int StoredAtOnce = 500;
    private const int SeriesMin = StoredAtOnce + 1;

    private readonly RpcClient _client = new(endpoint, tenantKey, RpcPatience.Default);

    public async Task<CodeTable> Create(CodeStorage storage, int count, Action<long> progress, CancellationToken cancellation)
    {
        var offer = new Offer
        {
            OfferId = name,
            CampaignId = name,
            Kind = OfferKind.UniqueCodes,
            Discount = new Discount { AmountOff = new Money { CurrencyCode = LoadWorkloads.Currency, MinorUnits = 100 } },
        };
        await _client.Call<CreateOfferResponse>(
            Offers + "CreateOffer", new CreateOfferRequest { RequestId = $"load.{name}.create", Offer = offer }, cancellation);
        await _client.Call<ActivateOfferResponse>(
            Offers + "ActivateOffer", new ActivateOfferRequest { RequestId = $"load.{name}.activate", OfferId = name }, cancellation);
        var codes = new CodeTable(count);
        if (storage == CodeStorage.Series) await Export(codes, count, progress, cancellation);
        else await Store(codes, count, progress, cancellation);
        return codes;
    }

    public async Task<long> Redeemed(CancellationToken cancellation) => (await _client.Call<GetOfferResponse>(
        Offers + "GetOffer", new GetOfferRequest { OfferId = name }, cancellation)).Offer.RedeemedCount;

    public void Dispose() => _client.Dispose();

    private async Task Export(CodeTable codes, int count, Action<long> progress, CancellationToken cancellation)
    {
        var issued = await Issue($"load.{name}.series", Math.Max(count, SeriesMin), cancellation);
        using var stream = _client.Open<ExportCodesRequest, ExportCodesResponse>(Offers + "ExportCodes", cancellation);
        await stream.WriteAsync(new ExportCodesRequest { SeriesId = issued.Series.SeriesId });
        stream.Complete();
        while (await stream.ReadAsync() is { } message)
        {
            foreach (var code in message.Codes)
            {
                if (codes.Count < count) codes.Add(code);
            }

            progress(codes.Count);
        }
    }

    private async Task Store(CodeTable codes, int count, Action<long> progress, CancellationToken cancellation)
    {
        while (codes.Count < count)
        {
            var part = Math.Min(StoredAtOnce, count - codes.Count);
            foreach (var coupon in (await Issue($"load.{name}.{codes.Count}.{part}", part, cancellation)).Coupons)
            {
                codes.Add(coupon.Code);
            }

            progress(codes.Count);
        }
    }

    private Task<IssueCouponsResponse> Issue(string requestId, int count, CancellationToken cancellation) =>
        _client.Call<IssueCouponsResponse>(
            Offers + "IssueCoupons",
            new IssueCouponsRequest { RequestId = requestId, OfferId = name, Count = count },
            cancellation);
}
