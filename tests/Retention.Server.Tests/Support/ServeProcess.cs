using System.Diagnostics;
using System.Net;

namespace Retention.Server.Tests.Support;

/// <summary>The command as its users run it: a process of its own.</summary>
public sealed class ServeProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly Task<string> errors;

    private ServeProcess(Process process)
    {
        this.process = process;
        errors = process.StandardError.ReadToEndAsync();
    }

    public static ServeProcess Run(params string[] arguments) => Run(new Dictionary<string, string>(), arguments);

    /// <summary>As above, with variables of the environment.</summary>
    public static ServeProcess Run(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "retention.dll") },
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new ServeProcess(Process.Start(start)!);
    }

    public static ServeProcess Serve(string directory, params string[] more) =>
        Serve(new Dictionary<string, string>(), directory, more);

    /// <summary>As above, with variables of the environment.</summary>
    public static ServeProcess Serve(
        IReadOnlyDictionary<string, string> environment, string directory, params string[] more) =>
        Run(environment, ["serve", "--data", directory, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", .. more]);

    /// <summary>The next line on the output.</summary>
    public async Task<string> LineAsync() =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? $"ended: {await errors.WaitAsync(Patience)}";

    /// <summary>Where gRPC is served, from the line that says so.</summary>
    public async Task<IPEndPoint> ReadyAsync() =>
        IPEndPoint.Parse((await LineAsync()).Split(' ').Single(word => word.StartsWith("grpc=")).Split('=')[1]);

    /// <summary>Asks the process to end, as service managers do.</summary>
    public void Terminate() => Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();

    /// <summary>Ends the process at once, as kill -9 does.</summary>
    public void Kill() => process.Kill();

    /// <summary>The exit code, and what was told until then.</summary>
    public async Task<(int Code, string Output, string Errors)> ExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await process.StandardOutput.ReadToEndAsync(), await errors);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
