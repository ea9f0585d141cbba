using System.Diagnostics;
using Retention.Storage.Sqlite;

namespace Retention.Benchmarks;

/// <summary>
/// How long a start takes after a kill in the middle of writing, with as long a tail as the limits allow: of the store
/// by itself, and of a server's process until it answers.
/// </summary>
internal static class StoreOpen
{
    public static async Task<int> Run(Arguments arguments)
    {
        using var scratch = new Scratch(arguments.Directory);
        var options = new SqliteOptions { Directory = scratch.Path };
        await Population.Fill(options, arguments.Customers);
        for (var round = 0; round < 3; round++)
        {
            await WriteUntilKilled(arguments, scratch.Path, round);
            var before = Stopwatch.GetTimestamp();
            var store = SqliteGrainStore.Open(options);
            var took = Stopwatch.GetElapsedTime(before);
            Console.WriteLine(
                $"customers {arguments.Customers:N0}: open {took.TotalMilliseconds:F0} ms, tail {store.Figures().TailCommits:N0} commits, head {store.Head:N0}");
            await store.DisposeAsync();

            await WriteUntilKilled(arguments, scratch.Path, round);
            await StartServer(scratch.Path);
        }

        return 0;
    }

    // From the start of the process until it answers; then it is killed as well.
    private static async Task StartServer(string directory)
    {
        var before = Stopwatch.GetTimestamp();
        using var server = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "server", "--directory", directory },
            RedirectStandardOutput = true,
        })!;
        while (await server.StandardOutput.ReadLineAsync() is { } line && !line.StartsWith("ready", StringComparison.Ordinal))
        {
        }

        var took = Stopwatch.GetElapsedTime(before);
        Console.WriteLine($"server ready {took.TotalMilliseconds:F0} ms, processor {server.TotalProcessorTime.TotalMilliseconds:F0} ms");
        server.Kill();
        await server.WaitForExitAsync();
    }

    /// <summary>The child: commits for ever and says how far it is.</summary>
    public static async Task<int> Fill(Arguments arguments)
    {
        await using var store = SqliteGrainStore.Open(new SqliteOptions { Directory = arguments.Directory });
        var purchases = new Purchases(arguments.Customers, firstRequest: (int)store.Head);
        var random = new Random(3);
        while (true)
        {
            var numbers = Enumerable.Range(0, arguments.Batch).Select(_ => random.Next(arguments.Customers)).Distinct().ToArray();
            var records = await store.LoadAsync([.. numbers.Select(Purchases.Customer)], default);
            for (var index = 0; index < numbers.Length; index++)
            {
                purchases.SetVersion(numbers[index], records[index].Version);
            }

            Expect.Done(await store.CommitAsync([.. numbers.Select(purchases.Purchase)], default));
            purchases.Snapshot(store, 256);
            Console.WriteLine(store.Figures().TailCommits);
        }
    }

    private static async Task WriteUntilKilled(Arguments arguments, string directory, int round)
    {
        using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "store-open-child", "--directory", directory, "--customers", $"{arguments.Customers}" },
            RedirectStandardOutput = true,
        })!;
        var tail = new SqliteOptions { Directory = directory }.TailCommits;
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            // Killed near the fullest tail that the child reaches: at half the bound the index begins to take it up.
            if (long.Parse(line) > (tail / 2) - (tail / 16 * round))
            {
                break;
            }
        }

        child.Kill();
        await child.WaitForExitAsync();
    }
}
