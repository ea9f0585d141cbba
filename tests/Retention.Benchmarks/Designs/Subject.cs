using System.Diagnostics;
using Retention.Server.Demo;
using Retention.Server.Load;
using Retention.Storage.Postgres;

namespace Retention.Benchmarks.Designs;

/// <summary>Something that can be loaded: one or more servers, and what to call there.</summary>
internal sealed class Subject(string name, IReadOnlyList<LoadTarget> targets, Func<string, long, Workload> workload)
    : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> owned = [];

    public string Name => name;

    /// <summary>What the database's processes have used; null where the store is no server.</summary>
    public Func<TimeSpan>? DatabaseTime { get; set; }

    /// <summary>Where the first server stands.</summary>
    public Uri Endpoint => targets[0].Endpoint;

    /// <summary>The key that the first server is called with; null: none.</summary>
    public string? Key => targets[0].Key;

    /// <summary>The servers' processes, where their time counts.</summary>
    public IReadOnlyList<Func<ServerUse>> Meters { get; } =
        [.. targets.Select(target => Retention.Server.Load.ServerProcess.Meter(target.Endpoint, null, null))];

    /// <summary>One or more nodes of the product on one store.</summary>
    /// <param name="database">Null: SQLite in the folder.</param>
    public static async Task<(Subject Subject, string AdminKey)> Product(
        string name, string folder, PostgresOptions? database, int nodes, long customers,
        Func<string, long, Workload> workload, CancellationToken stop)
    {
        var servers = new List<Retention.Server.Demo.ServerProcess>();
        for (var node = 0; node < nodes; node++)
        {
            servers.Add(await Retention.Server.Demo.ServerProcess.StartAsync(folder, database, stop));
        }

        // Nodes of one machine share the folder of their keys.
        var platform = (await File.ReadAllTextAsync(Path.Combine(folder, "bootstrap.key"), stop)).Trim();
        var tenant = new LoadTenant(servers[0].Grpc, "load");
        var (admin, till) = await tenant.Prepare(platform, stop);
        await tenant.Enroll(till, customers, Progress(name, customers), stop);
        var subject = new Subject(name, [.. servers.Select(server => new LoadTarget(server.Grpc, till))], workload);
        subject.owned.AddRange(servers);
        return (subject, admin);
    }

    /// <summary>The plain service in a process of its own.</summary>
    public static Subject Plain(string name, string connection, PlainDesign design)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Subject).Assembly.Location);
        }

        // As tuned as the product: see its project file.
        start.Environment["DOTNET_gcServer"] = "1";
        start.Environment["DOTNET_GCDynamicAdaptationMode"] = "0";
        foreach (var word in (string[])["plain", "--connection", connection, "--design", $"{design}"])
        {
            start.ArgumentList.Add(word);
        }

        var process = Process.Start(start)!;
        var ready = process.StandardOutput.ReadLine() ?? throw new LoadException($"{name} did not start.");
        var subject = new Subject(
            name, [new LoadTarget(new Uri(ready.Split(' ')[1]), null)],
            (run, customers) => new Workload(
                "/retention.benchmarks.Plain/RecordPurchase", LoadWorkloads.Purchase(run, customers).Message));
        subject.owned.Add(new Ended(process));
        return subject;
    }

    /// <summary>The same servers, asked for something else.</summary>
    public Subject With(string other, Func<string, long, Workload> calls) =>
        new(other, targets, calls) { DatabaseTime = DatabaseTime };

    /// <summary>One run: the calls under way are shared among the servers.</summary>
    public Figures Measure(LoadPlan plan, long customers)
    {
        var share = plan with { Concurrency = plan.Concurrency / targets.Count };
        var results = new LoadResult[targets.Count];
        var database = new List<TimeSpan>();
        ServerUse Use(int target)
        {
            if (target == 0 && DatabaseTime is not null) database.Add(DatabaseTime());
            return Meters[target]();
        }

        Parallel.For(0, targets.Count, new ParallelOptions { MaxDegreeOfParallelism = targets.Count }, i =>
        {
            var run = new LoadRun(targets[i], share) { ServerUse = () => Use(i) };
            results[i] = run.Execute(workload(Guid.NewGuid().ToString("N")[..12], customers), CancellationToken.None);
        });
        return Figures.Of(results, database.Count == 0 ? TimeSpan.Zero : database[^1] - database[0]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in owned) await server.DisposeAsync();
    }

    private static Action<long> Progress(string name, long customers) => ended =>
    {
        if (!Console.IsErrorRedirected) Console.Error.Write($"\r{name}: {ended:N0} of {customers:N0} customers ");
    };

    private sealed class Ended(Process process) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}
