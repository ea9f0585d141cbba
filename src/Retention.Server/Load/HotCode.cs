using Retention.Server.Client;
using Retention.Server.Load.Http2;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Load;

/// <summary>One code that everybody redeems at once, up to a limit that must be met exactly.</summary>
internal sealed class HotCode(Uri endpoint, string tenantKey, string code, long limit) : IDisposable
{
    /// <summary>How a redemption beyond the limit is refused.</summary>
    public const int Refusal = (int)RpcStatus.FailedPrecondition;

    private const string Offers = "retention.v1.OfferService/";

    private readonly RpcClient _client = new(endpoint, tenantKey);

    /// <summary>Redemptions until the limit is met, and as many again as prove that it holds.</summary>
    public Workload Redemptions(int concurrency) => LoadWorkloads.Redemption(code, limit + Math.Max(1000, 4 * concurrency));

    public async Task Create(CancellationToken cancellation)
    {
        var offer = new Offer
        {
            OfferId = code,
            CampaignId = code,
            Kind = OfferKind.GenericCode,
            Code = code,
            Discount = new Discount { AmountOff = new Money { CurrencyCode = LoadWorkloads.Currency, MinorUnits = 100 } },
            Limits = new OfferLimits { Total = limit },
        };
        await _client.Call<CreateOfferResponse>(
            Offers + "CreateOffer", new CreateOfferRequest { RequestId = $"load.{code}.create", Offer = offer }, cancellation);
        await _client.Call<ActivateOfferResponse>(
            Offers + "ActivateOffer",
            new ActivateOfferRequest { RequestId = $"load.{code}.activate", OfferId = code },
            cancellation);
    }

    public async Task<long> Redeemed(CancellationToken cancellation)
    {
        var request = new GetOfferRequest { OfferId = code };
        var response = await _client.Call<GetOfferResponse>(Offers + "GetOffer", request, cancellation);
        return response.Offer.RedeemedCount;
    }

    /// <summary>
    /// Whether the limit was met exactly: every redemption that was accepted stands, none stands that may not, and none
    /// was refused while there was room. Of calls without an answer either may be true.
    /// </summary>
    public static bool IsExact(CallTally calls, long redeemed, long limit)
    {
        var accepted = calls.Total(CallOutcome.Ok);
        var refused = calls.Total(Refusal);
        var unanswered = calls.Ended - accepted - refused;
        return redeemed >= accepted
            && redeemed <= accepted + unanswered
            && (refused > 0 ? redeemed == limit : redeemed <= limit);
    }

    public void Dispose() => _client.Dispose();
}
