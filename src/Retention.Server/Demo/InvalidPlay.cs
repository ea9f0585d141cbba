using NodaTime;
using Retention.Server.Client;
using Retention.Server.Commands;

namespace Retention.Server.Demo;

/// <summary>Asks the second chain for redemptions that it must refuse, each on its own date.</summary>
internal sealed class InvalidPlay(DemoPlan plan, DemoTenant second, DemoMemory memory, ConsoleProgress progress)
{
    private static readonly LocalTime Noon = new(12, 0);

    public async Task RunAsync(DemoTally tally, CancellationToken stop)
    {
        foreach (var (index, invalid) in plan.Invalid.Index())
        {
            progress.Show("invalid redemptions", index, plan.Invalid.Count);
            var reason = memory.RefusalOf(invalid.Number) ?? await AskAsync(invalid, stop);
            if (reason.Length > 0) tally.Refuse(reason);
            else tally.Accept();
        }
    }

    private async Task<string> AskAsync(NumberedRedemption invalid, CancellationToken stop)
    {
        await second.AdvanceClockAsync(invalid.Row.Date + Noon, stop);
        var reason = "";
        try
        {
            await second.RedeemAsync(CampaignRedemption.Request(invalid), 0, stop);
        }
        catch (RpcCallException refusal) when (CampaignRedemption.IsRefusal(refusal))
        {
            reason = refusal.Reason;
        }

        memory.KeepRefusal(invalid.Number, reason);
        return reason;
    }
}
