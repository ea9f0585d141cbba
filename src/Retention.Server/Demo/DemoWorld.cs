using Retention.V1;

namespace Retention.Server.Demo;

/// <summary>The tenants and agreements that a demo plays in.</summary>
/// <param name="Tenants">By brand.</param>
/// <param name="Second">The fresh chain that must refuse; null where there is nothing to refuse.</param>
/// <param name="Agreements">One for each pair of brands.</param>
public sealed record DemoWorld(
    DemoTenant Chain,
    IReadOnlyDictionary<string, DemoTenant> Tenants,
    DemoTenant? Second,
    IReadOnlyList<DemoAgreement> Agreements)
{
    private const int PollsUntilZeroIsSure = 2;
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan DrainWithin = TimeSpan.FromSeconds(60);

    /// <summary>Waits until nothing is on its way any more between the brands' tenants and their agreements.</summary>
    public async Task DrainAsync(IReadOnlyCollection<string> brands, CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(DrainWithin);
        var touched = Agreements.Where(agreement => brands.Contains(agreement.First.BrandId)
            || brands.Contains(agreement.Second.BrandId)).ToArray();

        // Counts of two partitions are not read at one moment, so one zero could miss what moves between them.
        for (var zeros = 0; zeros < PollsUntilZeroIsSure;)
        {
            var pending = await Task.WhenAll(touched.Select(agreement => agreement.PendingAsync(deadline.Token)));
            zeros = pending.All(count => count == 0) ? zeros + 1 : 0;
            if (zeros == 0) await Task.Delay(PollPause, deadline.Token);
        }
    }
}

/// <summary>The agreement of two brands; the first one proposed it and issues in its first leg.</summary>
public sealed record DemoAgreement(string AgreementId, DemoTenant First, DemoTenant Second)
{
    public async Task<long> PendingAsync(CancellationToken stop) => (await First.Call<GetAgreementResponse>(
        "AgreementService/GetAgreement", new GetAgreementRequest { AgreementId = AgreementId }, stop)).PendingEffects;

    public Task<GetJointOfferReportResponse> ReportAsync(CancellationToken stop) =>
        First.Call<GetJointOfferReportResponse>(
            "AgreementService/GetJointOfferReport",
            new GetJointOfferReportRequest { AgreementId = AgreementId },
            stop);

    public Task<GetPositionResponse> PositionAsync(CancellationToken stop) => First.Call<GetPositionResponse>(
        "AgreementService/GetPosition", new GetPositionRequest { AgreementId = AgreementId }, stop);
}
