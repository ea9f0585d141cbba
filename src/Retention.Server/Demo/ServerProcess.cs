using System.Diagnostics;
using System.Runtime.InteropServices;
using Retention.Server.Commands;
using Retention.Storage.Postgres;

namespace Retention.Server.Demo;

/// <summary>A server in a process of its own, started from this very program, so that it can be killed.</summary>
public sealed partial class ServerProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private const int TailLines = 20;
    private static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(30);
    private readonly Process process;
    private readonly Queue<string> tail = [];
    private readonly TaskCompletionSource<(Uri Grpc, Uri Http)> ready =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process) => this.process = process;

    public Uri Grpc { get; private set; } = new("http://127.0.0.1:0");

    public Uri Http { get; private set; } = new("http://127.0.0.1:0");

    /// <summary>From the start of the process to its ready line.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    /// <summary>Starts a server on a data directory and free ports of 127.0.0.1, and waits until it is ready.</summary>
    /// <param name="database">Null: SQLite in the directory.</param>
    public static async Task<ServerProcess> StartAsync(
        string dataFolder, PostgresOptions? database, CancellationToken stop)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var server = new ServerProcess(
            new Process { StartInfo = Command(dataFolder, database), EnableRaisingEvents = true });
        server.Begin();
        try
        {
            (server.Grpc, server.Http) = await server.ready.Task.WaitAsync(StartWithin, stop);
            server.ReadyAfter = Stopwatch.GetElapsedTime(startedAt);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the process as a power cut would: SIGKILL, nothing is written any more.</summary>
    public async Task KillAsync()
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Asks the process to finish what it does and end: SIGTERM. Its exit code is 0 when it did.</summary>
    public async Task<int> StopAsync()
    {
        if (!process.HasExited) _ = SendSignal(process.Id, Terminate);
        using var timeout = new CancellationTokenSource(StopWithin);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
        }

        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process.Dispose();
    }

    private static ProcessStartInfo Command(string dataFolder, PostgresOptions? database)
    {
        var assembly = typeof(ServerProcess).Assembly.Location;
        var beside = Path.Combine(AppContext.BaseDirectory, "retention");
        var program = File.Exists(beside) ? beside : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var command = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        if (program != beside) command.ArgumentList.Add(assembly);
        foreach (var part in (string[])
            ["serve", "--data", dataFolder, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
        {
            command.ArgumentList.Add(part);
        }

        if (database is not null)
        {
            // Not on the command line: the text may hold a password.
            command.Environment[StoreArguments.EnvironmentName] = database.ConnectionString;
            foreach (var part in (string[])["--store", "postgres", "--schema", database.Schema])
            {
                command.ArgumentList.Add(part);
            }
        }

        return command;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);

    private void Begin()
    {
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Remember(line.Data);
        process.Exited += (_, _) => ready.TrySetException(
            new ServerStartException($"The server ended before it was ready.{Environment.NewLine}{Tail()}"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    // ready grpc=http://127.0.0.1:40001 http=http://127.0.0.1:40002
    private void Hear(string? line)
    {
        Remember(line);
        if (line is null || !line.StartsWith("ready ", StringComparison.Ordinal)) return;
        var named = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('=', 2))
            .Where(part => part.Length == 2)
            .ToDictionary(part => part[0], part => AsUri(part[1]));
        ready.TrySetResult((named["grpc"], named["http"]));
    }

    private static Uri AsUri(string address) =>
        new(address.Contains("://", StringComparison.Ordinal) ? address : "http://" + address);

    private void Remember(string? line)
    {
        if (line is null) return;
        lock (tail)
        {
            tail.Enqueue(line);
            if (tail.Count > TailLines) tail.Dequeue();
        }
    }

    private string Tail()
    {
        lock (tail) return string.Join(Environment.NewLine, tail);
    }
}

/// <summary>A server that this program started did not come up; the message holds its last lines.</summary>
public sealed class ServerStartException(string message) : Exception(message);
