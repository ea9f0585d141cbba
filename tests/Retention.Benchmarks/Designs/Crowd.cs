using Retention.Server.Load;

namespace Retention.Benchmarks.Designs;

/// <summary>Tenants of one server, of whom some at a time make purchases, each over a connection of its own.</summary>
internal sealed class Crowd(Uri endpoint, IReadOnlyList<string> tillKeys, long customersOfEach)
{
    private const int MadeAtOnce = 8;

    private readonly Func<ServerUse> meter = Retention.Server.Load.ServerProcess.Meter(endpoint, null, null);

    /// <summary>Makes the tenants and their customers; gives a till's key of each.</summary>
    public static async Task<List<string>> Tenants(
        Uri endpoint, string platformKey, int count, long customersOfEach, CancellationToken stop)
    {
        var keys = new string[count];
        var several = new ParallelOptions { MaxDegreeOfParallelism = MadeAtOnce, CancellationToken = stop };
        await Parallel.ForAsync(0, count, several, async (number, cancellation) =>
        {
            var tenant = new LoadTenant(endpoint, $"crowd-{number}");
            (_, keys[number]) = await tenant.Prepare(platformKey, cancellation);
            await tenant.Enroll(keys[number], customersOfEach, _ => { }, cancellation);
        });
        return [.. keys];
    }

    /// <summary>All tenants have their turn in groups; the time of the plan is divided among these.</summary>
    public Figures Measure(LoadPlan plan, int atOnce)
    {
        var groups = tillKeys.Chunk(atOnce).ToList();
        var share = plan with { Concurrency = 1, Duration = plan.Duration / groups.Count };
        return Figures.Median(groups.ConvertAll(group => Measure(share, group)));
    }

    // The server's use is of all connections together, and counted with the first.
    private Figures Measure(LoadPlan plan, string[] group)
    {
        var results = new LoadResult[group.Length];
        var threads = Enumerable.Range(0, group.Length).Select(number => new Thread(() =>
        {
            var run = new LoadRun(new LoadTarget(endpoint, group[number]), plan) { ServerUse = number == 0 ? meter : () => default };
            results[number] = run.Execute(
                LoadWorkloads.Purchase(Guid.NewGuid().ToString("N")[..12], customersOfEach), CancellationToken.None);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return Figures.Of(results, TimeSpan.Zero);
    }
}
