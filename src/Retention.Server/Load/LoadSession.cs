using Retention.Server.Client;
using Retention.Server.Commands;
using Retention.Transport;
using Retention.V1;
using Spectre.Console;

namespace Retention.Server.Load;

/// <summary>Prepares the tenant, runs the load, prints the line.</summary>
internal static class LoadSession
{
    public static async Task<int> Run(LoadOrder order, CancellationToken cancellation)
    {
        try
        {
            var report = await Measure(order, cancellation);
            Console.WriteLine(report.ToJson());
            return report.Accepted is null || report.Accepted == Math.Min(report.Limit!.Value, report.Attempts!.Value)
                ? 0
                : 1;
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

    private static async Task<LoadReport> Measure(LoadOrder order, CancellationToken cancellation)
    {
        if (order.Operation == "echo") return await Echo(order, cancellation);

        var tenant = new LoadTenant(order.Endpoint, order.Tenant);
        var key = await tenant.Prepare(order.Key, cancellation);
        await WithProgress(order, progress => tenant.Enroll(key, order.Customers, progress, cancellation));
        var run = Guid.NewGuid().ToString("N")[..12];
        var workload = order.Operation == "purchase"
            ? LoadWorkloads.Purchase(run, order.Customers)
            : LoadWorkloads.Balance(order.Customers);
        return Execute(order, key, workload, cancellation) with { Tenant = order.Tenant, Customers = order.Customers };
    }

    private static async Task<LoadReport> Echo(LoadOrder order, CancellationToken cancellation)
    {
        // A wrong key is told at once, not by a run of refusals.
        using var client = new RpcClient(order.Endpoint, order.Key);
        var workload = LoadWorkloads.Echo();
        await client.Call<EchoResponse>(workload.Path[1..], new EchoRequest(), cancellation);
        return Execute(order, order.Key, workload, cancellation);
    }

    private static LoadReport Execute(LoadOrder order, string key, Workload workload, CancellationToken cancellation)
    {
        var fsync = FsyncProbe.MedianMicroseconds(order.ProbeDirectory);
        var run = new LoadRun(new LoadTarget(order.Endpoint, key), order.Plan) { ServerTime = order.ServerTime };
        var result = run.Execute(workload, cancellation);
        fsync = (fsync + FsyncProbe.MedianMicroseconds(order.ProbeDirectory)) / 2;
        return LoadReport.Of(order.Operation, order.Plan, result) with { FsyncP50Us = Math.Round(fsync, 1) };
    }

    private static Task WithProgress(LoadOrder order, Func<Action<long>, Task> work)
    {
        if (order.IsSilent) return work(_ => { });
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().AutoClear(true).StartAsync(context =>
        {
            var bar = context.AddTask("Enrolling customers", maxValue: order.Customers);
            return work(ended => bar.Value = ended);
        });
    }
}
