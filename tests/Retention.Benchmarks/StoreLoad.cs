using System.Diagnostics;
using Retention.Storage.Sqlite;

namespace Retention.Benchmarks;

/// <summary>How long the load of a grain takes that nothing in memory knows of, beside many others on disk.</summary>
internal static class StoreLoad
{
    public static async Task<int> Run(Arguments arguments)
    {
        using var scratch = new Scratch(arguments.Directory);
        var options = new SqliteOptions { Directory = scratch.Path };
        await Population.Fill(options, arguments.Customers);
        await using var store = SqliteGrainStore.Open(options);
        var random = new Random(2);
        var times = new List<double>();
        for (var count = 0; count < 20_000; count++)
        {
            var grain = Purchases.Customer(random.Next(arguments.Customers));
            var before = Stopwatch.GetTimestamp();
            var record = await store.LoadAsync([grain], default);
            times.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds);
            Expect.That(record[0].Version == 2 && record[0].SnapshotVersion == 1, "a customer was not loaded");
        }

        times.Sort();
        Console.WriteLine($"customers {arguments.Customers:N0}, each with a snapshot and a fact behind it");
        Console.WriteLine($"load us  mean {times.Average():F1}  p50 {times[times.Count / 2]:F1}  p99 {times[times.Count * 99 / 100]:F1}");
        return 0;
    }
}
