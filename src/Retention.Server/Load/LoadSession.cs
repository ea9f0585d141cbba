using Retention.Server.Client;
using Retention.Server.Commands;
using Retention.Server.Load.Http2;
using Retention.Transport;
using Retention.V1;
using Spectre.Console;

namespace Retention.Server.Load;

/// <summary>Prepares the tenant, runs the load, prints the line.</summary>
internal sealed class LoadSession(LoadOrder order)
{
    public async Task<int> Run(CancellationToken cancellation)
    {
        try
        {
            return order.Operation switch
            {
                "echo" => await Echo(cancellation),
                "redeem-hot" => await RedeemHot(cancellation),
                "redeem-unique" => await RedeemUnique(cancellation),
                "validate" => await Validate(cancellation),
                _ => await PurchaseOrBalance(cancellation),
            };
        }
        catch (RpcCallException refusal) when (refusal.Status is RpcStatus.Unauthenticated)
        {
            throw new UsageFailure("the server does not know the key");
        }
        catch (Exception fault) when (fault is LoadException or RpcCallException)
        {
            throw new CommandFailure($"the load cannot go on: {fault.Message}");
        }
        catch (OperationCanceledException)
        {
            throw new CommandFailure("the load was stopped");
        }
    }

    private async Task<int> Echo(CancellationToken cancellation)
    {
        // A wrong key is told at once, not by a run of refusals.
        using var client = new RpcClient(order.Endpoint, order.Key);
        var workload = LoadWorkloads.Echo();
        await client.Call<EchoResponse>(workload.Path[1..], new EchoRequest(), cancellation);
        var (report, _) = Execute(order, order.Key, workload, cancellation);
        return Tell(report);
    }

    private async Task<int> PurchaseOrBalance(CancellationToken cancellation)
    {
        var tenant = new LoadTenant(order.Endpoint, order.Tenant);
        var (_, till) = await tenant.Prepare(order.Key, cancellation);
        await WithProgress("Enrolling customers", order.Customers, async progress =>
        {
            await tenant.Enroll(till, order.Customers, progress, cancellation);
            return order.Customers;
        });
        var workload = order.Operation == "purchase"
            ? LoadWorkloads.Purchase(NameOfRun(), order.Customers)
            : LoadWorkloads.Balance(order.Customers);
        var (report, _) = Execute(order, till, workload, cancellation);
        return Tell(report with { Tenant = order.Tenant, Customers = order.Customers });
    }

    private async Task<int> RedeemHot(CancellationToken cancellation)
    {
        var (admin, till) = await new LoadTenant(order.Endpoint, order.Tenant).Prepare(order.Key, cancellation);
        await WarmUp(admin, till, cancellation);
        using var code = new HotCode(order.Endpoint, admin, $"hot-{NameOfRun()}", order.Limit);
        await code.Create(cancellation);
        var cold = order with { Plan = order.Plan with { WarmUp = TimeSpan.Zero } };
        var (report, calls) = Execute(cold, till, code.Redemptions(order.Plan.Concurrency), cancellation);
        var redeemed = await code.Redeemed(cancellation);
        Tell(report with
        {
            Tenant = order.Tenant,
            Limit = order.Limit,
            Accepted = calls.Total(CallOutcome.Ok),
            Refused = calls.Total(HotCode.Refusal),
            Redeemed = redeemed,
        });
        return HotCode.IsExact(calls, redeemed, order.Limit)
            ? 0
            : throw new CommandFailure("the limit of the code was not met exactly");
    }

    private async Task<int> RedeemUnique(CancellationToken cancellation)
    {
        var (admin, till) = await new LoadTenant(order.Endpoint, order.Tenant).Prepare(order.Key, cancellation);
        var run = NameOfRun();
        await WarmUp(admin, till, cancellation);
        using var unique = new UniqueCodes(order.Endpoint, admin, $"unique-{run}");
        var codes = await WithProgress(
            "Making coupons", order.Coupons, progress => unique.Create(order.Codes, (int)order.Coupons, progress, cancellation));
        var cold = order with { Plan = order.Plan with { WarmUp = TimeSpan.Zero } };
        var (report, calls) = Execute(cold, till, LoadWorkloads.Redemptions(run, codes), cancellation);
        var (redeemed, accepted) = (await unique.Redeemed(cancellation), calls.Total(CallOutcome.Ok));
        Tell(report with
        {
            Tenant = order.Tenant,
            Coupons = order.Coupons,
            Codes = NameOf(order.Codes),
            Accepted = accepted,
            Redeemed = redeemed,
        });
        return redeemed >= accepted && redeemed <= calls.Ended
            ? 0
            : throw new CommandFailure("the offer counts other redemptions than were made");
    }

    private async Task<int> Validate(CancellationToken cancellation)
    {
        var (admin, till) = await new LoadTenant(order.Endpoint, order.Tenant).Prepare(order.Key, cancellation);
        using var unique = new UniqueCodes(order.Endpoint, admin, $"validate-{NameOf(order.Codes)}-{order.Coupons}");
        var codes = await WithProgress(
            "Making coupons", order.Coupons, progress => unique.Create(order.Codes, (int)order.Coupons, progress, cancellation));
        var (report, _) = Execute(order, till, LoadWorkloads.Validation(codes), cancellation);
        return Tell(report with { Tenant = order.Tenant, Coupons = order.Coupons, Codes = NameOf(order.Codes) });
    }

    private static string NameOf(CodeStorage codes) => codes == CodeStorage.Series ? "series" : "stored";

    // On a code of its own: the one that is measured may be used up sooner than the server is warm.
    private async Task WarmUp(string admin, string till, CancellationToken cancellation)
    {
        if (order.Plan.WarmUp == TimeSpan.Zero) return;
        using var code = new HotCode(order.Endpoint, admin, $"warm-{NameOfRun()}", int.MaxValue);
        await code.Create(cancellation);
        var plan = order.Plan with { WarmUp = TimeSpan.Zero, Duration = order.Plan.WarmUp };
        new LoadRun(new LoadTarget(order.Endpoint, till), plan)
            .Execute(code.Redemptions(plan.Concurrency), cancellation);
    }

    // Ids of a run begin with its name, so that runs never meet each other's calls.
    private static string NameOfRun() => Guid.NewGuid().ToString("N")[..12];

    private static int Tell(LoadReport report)
    {
        Console.WriteLine(report.ToJson());
        return report.Operations > 0 ? 0 : throw new CommandFailure("no call succeeded");
    }

    private static (LoadReport Report, CallTally Calls) Execute(
        LoadOrder order, string key, Workload workload, CancellationToken cancellation)
    {
        var fsync = FsyncProbe.MedianMicroseconds(order.ProbeDirectory);
        var run = new LoadRun(new LoadTarget(order.Endpoint, key), order.Plan) { ServerUse = order.ServerUse };
        var result = run.Execute(workload, cancellation);
        fsync = (fsync + FsyncProbe.MedianMicroseconds(order.ProbeDirectory)) / 2;
        int? expectedRefusal = order.Operation == "redeem-hot" ? HotCode.Refusal : null;
        var report = LoadReport.Of(order.Operation, order.Plan, result, expectedRefusal);
        return (report with { FsyncP50Us = Math.Round(fsync, 1) }, result.Calls);
    }

    private Task<T> WithProgress<T>(string what, long most, Func<Action<long>, Task<T>> work)
    {
        if (order.IsSilent) return work(_ => { });
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().AutoClear(true).StartAsync(context =>
        {
            var bar = context.AddTask(what, maxValue: most);
            return work(ended => bar.Value = ended);
        });
    }
}
