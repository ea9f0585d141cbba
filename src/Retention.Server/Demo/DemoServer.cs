using Retention.Server.Client;

namespace Retention.Server.Demo;

/// <summary>The demo's server across its crashes: the address and process change, the data directory stays.</summary>
public sealed class DemoServer(string dataFolder) : IAsyncDisposable
{
    private ServerProcess? process;
    private Uri endpoint = new("http://127.0.0.1:1");

    public int Crashes { get; private set; }

    /// <summary>Longest time from a start to ready after a crash.</summary>
    public TimeSpan SlowestRestart { get; private set; }

    public Uri Grpc => Volatile.Read(ref endpoint);

    public Uri Http => process?.Http ?? endpoint;

    public string DataFolder => dataFolder;

    public RpcClient Client(string key) => RpcClient.Following(() => Grpc, key, RpcPatience.Default);

    public string BootstrapKey() => File.ReadAllText(Path.Combine(dataFolder, "bootstrap.key")).Trim();

    public async Task StartAsync(CancellationToken stop)
    {
        process = await ServerProcess.StartAsync(dataFolder, stop);
        Volatile.Write(ref endpoint, process.Grpc);
    }

    /// <summary>Kills the server, whatever it is doing, and starts another on what it left.</summary>
    public async Task CrashAsync(CancellationToken stop)
    {
        await process!.DisposeAsync();
        Crashes++;
        await StartAsync(stop);
        if (process.ReadyAfter > SlowestRestart) SlowestRestart = process.ReadyAfter;
    }

    public async Task<int> StopAsync()
    {
        if (process is null) return 0;
        var code = await process.StopAsync();
        await process.DisposeAsync();
        process = null;
        return code;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
    }
}
