using Retention.Server.Client;
using Retention.Storage.Postgres;

namespace Retention.Server.Demo;

/// <summary>
/// The demo's server across its crashes: addresses and processes change, the data stays. On PostgreSQL it may be
/// several nodes, which take the calls in turn.
/// </summary>
public sealed class DemoServer(string dataFolder, PostgresOptions? database = null, int nodeCount = 1) : IAsyncDisposable
{
    private readonly ServerProcess?[] nodes = new ServerProcess?[nodeCount];
    private volatile Uri[] endpoints = [new("http://127.0.0.1:1")];
    private uint calls;

    public int Crashes { get; private set; }

    /// <summary>Longest time from a start to ready after a crash.</summary>
    public TimeSpan SlowestRestart { get; private set; }

    /// <summary>The node whose turn it is.</summary>
    public Uri Grpc
    {
        get
        {
            var known = endpoints;
            return known[unchecked(Interlocked.Increment(ref calls)) % (uint)known.Length];
        }
    }

    public Uri Http => nodes[0]?.Http ?? endpoints[0];

    public string DataFolder => dataFolder;

    /// <param name="patience">Null: the usual one.</param>
    public RpcClient Client(string key, RpcPatience? patience = null) =>
        RpcClient.Following(() => Grpc, key, patience ?? RpcPatience.Default);

    public string BootstrapKey() => File.ReadAllText(Path.Combine(dataFolder, "bootstrap.key")).Trim();

    public async Task StartAsync(CancellationToken stop)
    {
        for (var index = 0; index < nodes.Length; index++)
        {
            nodes[index] = await ServerProcess.StartAsync(dataFolder, database, stop);
        }

        Announce();
    }

    /// <summary>Kills a node, each in its turn, whatever it is doing, and starts another on what it left.</summary>
    public async Task CrashAsync(CancellationToken stop)
    {
        var index = Crashes++ % nodes.Length;
        await nodes[index]!.DisposeAsync();
        var restarted = nodes[index] = await ServerProcess.StartAsync(dataFolder, database, stop);
        Announce();
        if (restarted.ReadyAfter > SlowestRestart) SlowestRestart = restarted.ReadyAfter;
    }

    /// <summary>Stops all nodes; the exit code of the first that ended otherwise than well, or 0.</summary>
    public async Task<int> StopAsync()
    {
        var worst = 0;
        for (var index = 0; index < nodes.Length; index++)
        {
            if (nodes[index] is not { } node) continue;
            var code = await node.StopAsync();
            await node.DisposeAsync();
            nodes[index] = null;
            worst = worst == 0 ? code : worst;
        }

        return worst;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
        {
            if (node is not null) await node.DisposeAsync();
        }
    }

    private void Announce() => endpoints = [.. nodes.Select(node => node!.Grpc)];
}
