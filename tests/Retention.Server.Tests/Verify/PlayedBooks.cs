using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Commands;
using Retention.Server.Demo;
using Retention.Server.Demo.Dataset;
using Retention.Server.Tests.Support;
using Retention.Storage.Sqlite;
using Retention.V1;
using SQLitePCL;
using Money = Retention.V1.Money;

namespace Retention.Server.Tests.Verify;

/// <summary>A data directory in which two brands played half a year, and one customer bought six hundred times.</summary>
public sealed class PlayedBooks : IAsyncLifetime
{
    private const int Purchases = 600;
    private readonly string root = Directory.CreateTempSubdirectory("retention-test-").FullName;
    private int copies;

    public const string Customer = "eighty";

    private string Original => Path.Combine(root, "original");

    public async Task InitializeAsync()
    {
        Batteries_V2.Init();
        var dataset = GeneratedDataset.Create();
        var scenario = Scenario.For(dataset) with { Brands = ["harbor", "ember"], AsOf = new(2025, 6, 30) };
        await new DemoRun(new DemoPlan(dataset, scenario, []), new DemoHome(Original), crashes: false, ConsoleProgress.Silent)
            .RunAsync(CancellationToken.None);
        await BuyAsync();
    }

    public Task DisposeAsync()
    {
        Directory.Delete(root, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>A copy to damage.</summary>
    public string Copy()
    {
        var copy = Directory.CreateDirectory(Path.Combine(root, $"copy-{++copies}")).FullName;
        foreach (var file in Directory.GetFiles(Original))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    public static (GrainId Grain, long Version, string State) SavedState(string directory, string kind)
    {
        using var scan = StoreScan.Open(directory, isLocked: false);
        var saved = scan.Snapshots().Where(row => row.Grain.Kind == kind).MaxBy(row => row.Version)!;
        return (saved.Grain, saved.Version, System.Text.Encoding.UTF8.GetString(saved.State.Span));
    }

    /// <summary>A commit in the middle of the grain's life.</summary>
    public static JournalRecord MiddleCommit(string directory, GrainId grain)
    {
        using var scan = StoreScan.Open(directory, isLocked: false);
        var commits = scan.Journal().Where(row => row.Record!.Writes.Any(write => write.Grain == grain)).ToArray();
        return commits[commits.Length / 2].Record!;
    }

    /// <summary>Each kind of grain, and the commit of its first event.</summary>
    public static IReadOnlyDictionary<string, long> FirstCommits(string directory)
    {
        var firsts = new Dictionary<string, long>();
        using var scan = StoreScan.Open(directory, isLocked: false);
        foreach (var row in scan.Journal())
        {
            foreach (var write in row.Record!.Writes)
            {
                firsts.TryAdd(write.Grain.Kind, row.Position);
            }
        }

        return firsts;
    }

    public static long LastPosition(string directory)
    {
        using var scan = StoreScan.Open(directory, isLocked: false);
        return scan.LastPosition;
    }

    public static byte[] Row(string directory, long position)
    {
        var row = Array.Empty<byte>();
        With(directory, "SELECT record FROM journal WHERE position = ?1", statement =>
        {
            raw.sqlite3_bind_int64(statement, 1, position);
            Assert.Equal(raw.SQLITE_ROW, raw.sqlite3_step(statement));
            row = raw.sqlite3_column_blob(statement, 0).ToArray();
        });
        return row;
    }

    /// <summary>Runs one statement on the database, as somebody with the file could.</summary>
    public static void With(string directory, string sql, Action<sqlite3_stmt> use)
    {
        // Only one connection may ever write: questions are asked by one that cannot.
        var asks = sql.StartsWith("SELECT", StringComparison.Ordinal);
        var flags = asks ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE;
        var path = Path.Combine(directory, "retention.db");
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open_v2(path, out var database, flags, null));
        using (database)
        {
            Assert.Equal(raw.SQLITE_OK, raw.sqlite3_prepare_v2(database, sql, out var statement));
            using (statement)
            {
                use(statement);
            }
        }
    }

    public static void Do(string directory, string sql, params object[] values) => With(directory, sql, statement =>
    {
        foreach (var (index, value) in values.Index())
        {
            _ = value is byte[] blob
                ? raw.sqlite3_bind_blob(statement, index + 1, blob)
                : raw.sqlite3_bind_int64(statement, index + 1, (long)value);
        }

        Assert.Equal(raw.SQLITE_DONE, raw.sqlite3_step(statement));
    });

    private async Task BuyAsync()
    {
        var key = DemoMemory.Read(Original).KeyOf("brand-harbor")!;
        await using var server = await TestServer.StartAsync(directory: Original);
        await server.Client.Call<EnrollCustomerResponse>("CustomerService/EnrollCustomer", new EnrollCustomerRequest
        {
            RequestId = "enroll-often", CustomerId = Customer,
        }, key);
        for (var number = 1; number <= Purchases; number++)
        {
            var answer = await server.Client.Call<RecordPurchaseResponse>(
                "PurchaseService/RecordPurchase",
                new RecordPurchaseRequest
                {
                    RequestId = $"often-{number}",
                    CustomerId = Customer,
                    PurchaseId = $"often-{number}",
                    Source = "often",
                    Total = new Money { CurrencyCode = "USD", MinorUnits = 500 },
                },
                key);
            Assert.NotNull(answer.Reply);
        }

        await SavedAsync();
    }

    // Saved states are written when the store finds time.
    private async Task SavedAsync()
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (!IsSaved())
        {
            Assert.True(DateTime.UtcNow < deadline, "No state of the customer was saved in time.");
            await Task.Delay(50);
        }
    }

    private bool IsSaved()
    {
        var count = 0L;
        With(Original, $"SELECT count(*) FROM snapshot WHERE hex(grain) LIKE '%' || hex('{Customer}')", statement =>
        {
            Assert.Equal(raw.SQLITE_ROW, raw.sqlite3_step(statement));
            count = raw.sqlite3_column_int64(statement, 0);
        });
        return count > 0;
    }
}
