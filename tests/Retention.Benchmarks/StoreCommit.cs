using System.Diagnostics;
using Retention.Storage.Sqlite;

namespace Retention.Benchmarks;

/// <summary>How many small commits a second become durable, and how many bytes each writes.</summary>
internal static class StoreCommit
{
    public static async Task<int> Run(Arguments arguments)
    {
        using var scratch = new Scratch(arguments.Directory);
        var options = new SqliteOptions { Directory = scratch.Path };
        var purchases = new Purchases(arguments.Customers);
        var store = SqliteGrainStore.Open(options);
        var latencies = new List<double>();
        var busy = TimeSpan.Zero;
        var cpu = Environment.CpuUsage.TotalTime;
        var started = Stopwatch.StartNew();
        for (var done = 0; done < arguments.Commits; done += arguments.Batch)
        {
            // The engine prepares the next batch beside the commit; here preparing is left out of the time instead.
            var batch = purchases.Batch(arguments.Batch);
            var before = Stopwatch.GetTimestamp();
            var results = await store.CommitAsync(batch, default);
            var took = Stopwatch.GetElapsedTime(before);
            busy += took;
            latencies.Add(took.TotalMilliseconds);
            Expect.Done(results);
            purchases.Snapshot(store, 256);
        }

        var elapsed = started.Elapsed;
        cpu = Environment.CpuUsage.TotalTime - cpu;
        latencies.Sort();
        var figures = store.Figures();
        await store.DisposeAsync();
        Console.WriteLine($"commits {arguments.Commits:N0} customers {arguments.Customers:N0} batch {arguments.Batch}");
        Console.WriteLine($"in the store   {arguments.Commits / busy.TotalSeconds,12:N0} /s");
        Console.WriteLine($"with preparing {arguments.Commits / elapsed.TotalSeconds,12:N0} /s");
        Console.WriteLine($"processor      {cpu.TotalMicroseconds / arguments.Commits,12:F2} us a commit, preparing included");
        Console.WriteLine($"batch ms       p50 {At(0.5):F2}  p99 {At(0.99):F2}  p99.9 {At(0.999):F2}  max {latencies[^1]:F2}");
        Console.WriteLine($"written        {(double)figures.BytesWritten / arguments.Commits,12:N0} bytes a commit");
        Console.WriteLine($"on disk        {(double)scratch.Bytes / arguments.Commits,12:N0} bytes a commit");
        Console.WriteLine($"figures        {figures}");
        return 0;

        double At(double part) => latencies[(int)((latencies.Count - 1) * part)];
    }
}
