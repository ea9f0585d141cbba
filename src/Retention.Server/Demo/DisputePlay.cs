using Retention.V1;

namespace Retention.Server.Demo;

/// <summary>
/// Every n-th joint redemption is contested by the brand that pays for it. In turn the other brand rejects, the opening one withdraws, and
/// nobody answers: each time the entry stands, so that the year comes to what it comes to without disputes.
/// </summary>
internal sealed class DisputePlay(int? everyNth)
{
    private const int Outcomes = 3;
    private int redemptions;

    public async Task PassAsync(DemoTenant issuer, DemoTenant redeemer, string agreementId, string redemptionId, CancellationToken stop)
    {
        if (everyNth is not { } nth || ++redemptions % nth != 0) return;

        // The opening is a message of the redemption's agreement: its entry is the newest, or close to it.
        var entries = await redeemer.Call<ListClearingEntriesResponse>(
            "AgreementService/ListClearingEntries", new ListClearingEntriesRequest { AgreementId = agreementId }, stop);
        var entry = entries.Entries.Single(entry => entry.RedemptionId == redemptionId && entry.Kind == ClearingKind.Redeemed);
        var dispute = (await issuer.Call<OpenDisputeResponse>(
            "AgreementService/OpenDispute",
            new OpenDisputeRequest
            {
                RequestId = RequestIds.Of("dispute", redemptionId),
                AgreementId = agreementId,
                EntryNumber = entry.Number,
                Reason = "NOT_OURS",
            },
            stop)).Dispute;
        var (by, outcome) = (redemptions / nth % Outcomes) switch
        {
            0 => (redeemer, DisputeOutcome.Rejected),
            1 => (issuer, DisputeOutcome.Withdrawn),
            _ => (issuer, DisputeOutcome.Unspecified),
        };
        if (outcome == DisputeOutcome.Unspecified) return;

        await by.Call<ResolveDisputeResponse>(
            "AgreementService/ResolveDispute",
            new ResolveDisputeRequest
            {
                RequestId = RequestIds.Of("answer", redemptionId),
                AgreementId = agreementId,
                DisputeId = dispute.DisputeId,
                Outcome = outcome,
            },
            stop);
    }
}
