using NodaTime;
using Retention.Server.Client;
using Retention.Server.Commands;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Demo;

/// <summary>
/// Plays the dates of a plan in order. Within a date: the clocks, the returns, the campaign redemptions, the joint
/// coupons that customers bring, the purchases that give new ones; effects drain before the next of these depends on
/// them.
/// </summary>
internal sealed class YearPlay(DemoPlan plan, DemoWorld world, CrashPlan crash, ConsoleProgress progress)
{
    private const int WalletsAtOnce = 32;
    private static readonly LocalTime Noon = new(12, 0);
    private static readonly LocalTime LastSecond = new(23, 59, 59);
    private readonly ILookup<LocalDate, NumberedRedemption> redemptions =
        plan.Redemptions.ToLookup(redemption => redemption.Row.Date);

    private readonly ILookup<LocalDate, JointEvent> events = plan.Events.ToLookup(happened => happened.Date);
    private readonly HashSet<(string Brand, string Household)> holders = [];
    private readonly DisputePlay disputes = new(plan.Scenario.DisputeEveryNthRedemption);

    public async Task RunAsync(DemoTally tally, CancellationToken stop)
    {
        var dates = plan.Dates.ToArray();
        foreach (var (index, date) in dates.Index())
        {
            progress.Show("the year", index, dates.Length);
            await AdvanceAsync(date + Noon, stop);
            if (plan.Scenario.ReturnAfterDays > 0) await ReturnAsync(date, stop);
            foreach (var redemption in redemptions[date])
            {
                await RedeemTwiceAsync(redemption, tally, stop);
            }

            await RedeemJointAsync(date, stop);
            await BuyAsync(date, stop);
            if (plan.Scenario.ReturnAfterDays == 0) await ReturnAsync(date, stop);
            await crash.SettleAsync();
        }

        await AdvanceAsync(plan.Scenario.AsOf + LastSecond, stop);
    }

    private Task AdvanceAsync(LocalDateTime to, CancellationToken stop) =>
        Task.WhenAll(world.Tenants.Values.Select(tenant => tenant.AdvanceClockAsync(to, stop)));

    private async Task ReturnAsync(LocalDate date, CancellationToken stop)
    {
        var returned = plan.Returns[date].Select(number => plan.Events[number - 1]).ToArray();
        foreach (var purchase in returned)
        {
            await world.Tenants[purchase.Brand].ReturnAsync(purchase, stop);
        }

        await DrainAsync(returned, stop);
    }

    private async Task RedeemTwiceAsync(NumberedRedemption redemption, DemoTally tally, CancellationToken stop)
    {
        var request = CampaignRedemption.Request(redemption);
        try
        {
            var first = await world.Chain.RedeemAsync(request, 0, stop);
            tally.Accept();
            crash.Pass(DemoMoment.Redemption, stop);
            var second = await world.Chain.RedeemAsync(request, 0, stop);
            if (!first.Equals(second)) throw new CommandFailure($"redemption {redemption.Number} got two replies");
            tally.Repeat();
        }
        catch (RpcCallException refusal) when (CampaignRedemption.IsRefusal(refusal))
        {
            tally.Refuse(refusal.Reason);
        }
    }

    private async Task RedeemJointAsync(LocalDate date, CancellationToken stop)
    {
        var touched = new List<JointEvent>();
        foreach (var wallets in WalletsAt(date).Chunk(WalletsAtOnce))
        {
            // No wallet's coupons are another's, so they are read at once and redeemed in order.
            var open = await Task.WhenAll(wallets.Select(wallet => world.Tenants[wallet.Issuer]
                .OpenCouponsAsync(wallet.Event.Household, wallet.Event.Brand, stop)));
            foreach (var ((happened, issuer), coupons) in wallets.Zip(open))
            {
                foreach (var coupon in coupons.Where(coupon => IssuedOn(coupon) < date))
                {
                    crash.Pass(DemoMoment.JointRedemption, stop);
                    await RedeemAsync(world.Tenants[issuer], world.Tenants[happened.Brand], coupon, stop);
                    touched.Add(happened);
                }
            }
        }

        await DrainAsync(touched, stop);
    }

    // Who never bought there holds nothing from there.
    private IEnumerable<(JointEvent Event, string Issuer)> WalletsAt(LocalDate date) =>
        from happened in events[date]
        from issuer in plan.Scenario.Brands
        where issuer != happened.Brand && holders.Contains((issuer, happened.Household))
        select (happened, issuer);

    // The coupon is borne by whoever shows it: the redeeming brand learns no customer of the issuing one.
    private async Task RedeemAsync(DemoTenant issuer, DemoTenant redeemer, Coupon coupon, CancellationToken stop)
    {
        var requestId = RequestIds.Of("joint", coupon.CouponId);
        var redeemed = await redeemer.RedeemAsync(
            new RedeemCouponRequest { RequestId = requestId, Code = coupon.Code }, plan.Scenario.CouponMinorUnits, stop);
        await disputes.PassAsync(issuer, redeemer, coupon.AgreementId, redeemed.Redemption.RedemptionId, stop);
    }

    private async Task BuyAsync(LocalDate date, CancellationToken stop)
    {
        var bought = events[date].ToArray();
        foreach (var happened in bought)
        {
            await world.Tenants[happened.Brand].BuyAsync(happened, stop);
            holders.Add((happened.Brand, happened.Household));
        }

        if (bought.Length > 0) crash.Pass(DemoMoment.Effects, stop);
        await DrainAsync(bought, stop);
    }

    private Task DrainAsync(IReadOnlyCollection<JointEvent> touched, CancellationToken stop) => touched.Count == 0
        ? Task.CompletedTask
        : world.DrainAsync(touched.Select(happened => happened.Brand).ToHashSet(), stop);

    // A coupon ends at the start of the day after its last one. A demo that is run again meets coupons of its future.
    private LocalDate IssuedOn(Coupon coupon) =>
        DemoTenant.DateOf(coupon.ExpireTime).PlusDays(-1 - plan.Scenario.DaysValid);
}

/// <summary>Redemptions of the chain's own coupons.</summary>
internal static class CampaignRedemption
{
    public static RedeemCouponRequest Request(NumberedRedemption redemption) => new()
    {
        RequestId = RequestIds.Of("redeem", $"{redemption.Number}"),
        Code = redemption.Row.Upc,
        CampaignId = redemption.Row.CampaignId,
        CustomerId = redemption.Row.Household,
    };

    /// <summary>A "no" of the shop's rules; all else is a failure of the demo.</summary>
    public static bool IsRefusal(RpcCallException e) => !e.IsTransient && e.Reason.Length > 0 && e.Status
        is RpcStatus.FailedPrecondition or RpcStatus.NotFound or RpcStatus.ResourceExhausted;
}
