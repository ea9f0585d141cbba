using System.Diagnostics;
using Retention.Engine.Ports;
using Retention.Storage.Postgres;
using Retention.Storage.Sqlite;
using Retention.Tests.Postgres;

namespace Retention.Benchmarks;

/// <summary>How long the load of a grain takes that nothing in memory knows of, beside many others on disk.</summary>
internal static class StoreLoad
{
    private const int Loads = 20_000;
    private const int Batch = 64;

    public static async Task<int> Run(Arguments arguments)
    {
        using var scratch = new Scratch(arguments.Directory);
        var options = new SqliteOptions { Directory = scratch.Path };
        await Population.Fill(options, arguments.Customers);
        await using var store = SqliteGrainStore.Open(options);
        await Measure(store, arguments.Customers, batch: 1);
        await Measure(store, arguments.Customers, Batch);
        return 0;
    }

    public static async Task<int> RunPostgres(Arguments arguments)
    {
        var options = new PostgresOptions { ConnectionString = PostgresServer.Instance.CreateDatabase() };
        await using (var store = PostgresGrainStore.Open(options))
        {
            await Population.Fill(store, arguments.Customers, () => false);
        }

        await using var reopened = PostgresGrainStore.Open(options);
        await Measure(reopened, arguments.Customers, batch: 1);
        await Measure(reopened, arguments.Customers, Batch);
        return 0;
    }

    // The engine asks for what many turns wait for in one go.
    private static async Task Measure(IGrainStore store, int customers, int batch)
    {
        var random = new Random(batch);
        var times = new List<double>();
        for (var count = 0; count < Loads; count += batch)
        {
            var grains = Enumerable.Range(0, batch).Select(_ => Purchases.Customer(random.Next(customers))).Distinct().ToList();
            var before = Stopwatch.GetTimestamp();
            var records = await store.LoadAsync(grains, default);
            times.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds / grains.Count);
            Expect.That(records.All(record => record.Version == 2), "a customer was not loaded");
        }

        times.Sort();
        Console.WriteLine(
            $"{customers:N0} customers, {batch} at once: us a load  mean {times.Average():F1}  " +
            $"p50 {times[times.Count / 2]:F1}  p99 {times[times.Count * 99 / 100]:F1}");
    }
}
