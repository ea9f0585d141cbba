using System.Diagnostics;
using System.Globalization;
using Retention.Server.Client;

namespace Retention.Faults.Wire;

/// <summary>A server with settings of a row's own, and what it uses of the machine.</summary>
internal sealed class OwnServer : IAsyncDisposable
{
    private readonly Process process;

    private OwnServer(Process process, Uri endpoint, string data)
    {
        this.process = process;
        Endpoint = endpoint;
        Data = data;
    }

    public Uri Endpoint { get; }

    public string Data { get; }

    public string Key => File.ReadAllText(Path.Combine(Data, "bootstrap.key")).Trim();

    public bool HasExited => process.HasExited;

    public int ExitCode => process.ExitCode;

    public int Pid => process.Id;

    /// <param name="files">How many files the process may open; null: as many as this one.</param>
    public static async Task<OwnServer> StartAsync(string data, int? files = null, params string[] settings)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "retention");
        var limit = files is { } count ? string.Create(CultureInfo.InvariantCulture, $"ulimit -n {count}; ") : "";
        string[] serve = ["serve", "--data", data, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", .. settings];
        var words = serve.Select(x => $"'{x}'");
        var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"{limit}exec '{program}' {string.Join(' ', words)} 2>/dev/null"])
        {
            RedirectStandardOutput = true,
        })!;
        var ready = await process.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException($"The server with {string.Join(' ', settings)} did not start.");
        var address = ready.Split(' ').First(x => x.StartsWith("grpc=", StringComparison.Ordinal))[5..];
        var scheme = settings.Contains("--tls-cert") ? "https" : "http";
        var endpoint = new Uri(address.Contains("://", StringComparison.Ordinal) ? address : $"{scheme}://{address}");
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        return new OwnServer(process, endpoint, data);
    }

    public RpcClient Client() => new(Endpoint, Key, RpcPatience.Default);

    public long MemoryKilobytes() => MemoryKilobytes(Pid);

    public static long MemoryKilobytes(int process) => File.ReadLines($"/proc/{process}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)).First();

    /// <summary>Processor time used while something happens, as a share of one processor.</summary>
    public async Task<double> ProcessorShareAsync(Func<Task> happens)
    {
        var (began, used) = (Stopwatch.GetTimestamp(), Used());
        await happens();
        return (Used() - used).TotalSeconds / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private TimeSpan Used()
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
