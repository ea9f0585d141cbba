using System.CommandLine;
using Retention.Server.Load;

namespace Retention.Benchmarks.Designs;

/// <summary>
/// What a purchase costs beside few and beside many customers, and with one tenant and with many. All servers stand side by
/// side on SQLite and short runs alternate, so that whatever else the machine does meets them alike.
/// </summary>
internal static class GrowthCommand
{
    private const int FewCustomers = 10_000;

    /// <summary>Connections of a run over tenants, with one call under way each: a key belongs to a connection.</summary>
    private const int TenantsAtOnce = 250;

    public static Command Command()
    {
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 8 };
        var runs = new Option<int>("--runs") { DefaultValueFactory = _ => 3 };
        var customers = new Option<int>("--customers") { DefaultValueFactory = _ => 1_000_000 };
        var tenants = new Option<int>("--tenants") { DefaultValueFactory = _ => 1_000 };
        var command = new Command("growth", "Cost of a purchase from few customers and one tenant to many; fails at twice as much.")
        {
            seconds, runs, customers, tenants,
        };
        command.SetAction((parsed, stop) => Execute(
            parsed.GetValue(seconds), parsed.GetValue(runs), parsed.GetValue(customers), parsed.GetValue(tenants), stop));
        return command;
    }

    private static async Task<int> Execute(int seconds, int runs, int customers, int tenants, CancellationToken stop)
    {
        using var scratch = new Scratch("");
        var (few, _) = await Product("few", FewCustomers);
        await using var first = few;
        var (many, _) = await Product("many", customers);
        await using var second = many;
        var (crowded, _) = await Product("tenants", FewCustomers);
        var key = (await File.ReadAllTextAsync(Path.Combine(scratch.Path, "tenants", "bootstrap.key"), stop)).Trim();
        await using var third = crowded;
        var one = new Crowd(crowded.Endpoint, Enumerable.Repeat(crowded.Key!, TenantsAtOnce).ToList(), FewCustomers);
        var each = Math.Max(1, FewCustomers / tenants);
        var all = new Crowd(crowded.Endpoint, await Crowd.Tenants(crowded.Endpoint, key, tenants, each, stop), each);

        var plan = new LoadPlan { Concurrency = 256, WarmUp = TimeSpan.FromSeconds(2), Duration = TimeSpan.FromSeconds(seconds) };
        (string Name, Func<Figures> Measure, List<Figures> Runs)[] rows =
        [
            ($"{FewCustomers:N0} customers", () => few.Measure(plan, FewCustomers), []),
            ($"{customers:N0} customers", () => many.Measure(plan, customers), []),
            ($"1 tenant, {TenantsAtOnce} connections", () => one.Measure(plan, TenantsAtOnce), []),
            ($"{tenants:N0} tenants, {TenantsAtOnce} at a time", () => all.Measure(plan, TenantsAtOnce), []),
        ];

        // The first round is for the compiler and the caches.
        foreach (var row in rows) row.Measure();
        for (var round = 0; round < runs; round++)
        {
            foreach (var row in rows)
            {
                IdleMachine.Await();
                row.Runs.Add(row.Measure());
            }
        }

        Console.WriteLine("| purchases | a second | p50 ms | p99 ms | server us a call | bytes a call |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|");
        var medians = rows.Select(row => Figures.Median(row.Runs)).ToArray();
        foreach (var (row, x) in rows.Zip(medians))
        {
            Console.WriteLine($"| {row.Name} | {x.PerSecond:N0} | {x.P50:F1} | {x.P99:F1} | {x.ServerMicroseconds:F0} | {x.ServerBytes:N0} |");
        }

        return Grew("customers", medians[0], medians[1]) | Grew("tenants", medians[2], medians[3])
            | (medians.Any(x => x.Failed > 0) ? 1 : 0);

        Task<(Subject Subject, string AdminKey)> Product(string name, long count) => Subject.Product(
            name, Path.Combine(scratch.Path, name), null, 1, count, LoadWorkloads.Purchase, stop);
    }

    private static int Grew(string what, Figures from, Figures to)
    {
        var (processor, time) = (to.ServerMicroseconds / from.ServerMicroseconds, from.PerSecond / to.PerSecond);
        Console.WriteLine($"{what}: {processor:F2} times the processor time, {time:F2} times the time");
        return processor < 2 && time < 2 ? 0 : 1;
    }
}
