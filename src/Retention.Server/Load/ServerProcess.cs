using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Retention.Server.Load;

/// <summary>What the server under load uses, where that can be had.</summary>
internal static class ServerProcess
{
    private static readonly string[] SocketTables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>
    /// A reader of what the server uses. Its processor time is told by its metrics where <paramref name="http"/> is
    /// given, else by the process, named or found as the one that listens at the endpoint on this machine; what it
    /// writes is told by the process only.
    /// </summary>
    public static Func<ServerUse> Meter(Uri endpoint, Uri? http, int? pid)
    {
        pid ??= IsLocal(endpoint) ? ListenerAt(endpoint.Port) : null;
        return () => new ServerUse(
            http is not null ? FromMetrics(http) : pid is { } id ? TimeOf(id) : null, pid is { } it ? WrittenBy(it) : null);
    }

    // As the kernel counts it, where it counts it.
    private static long? WrittenBy(int pid)
    {
        const string label = "write_bytes: ";
        try
        {
            var line = File.ReadLines($"/proc/{pid}/io").FirstOrDefault(x => x.StartsWith(label, StringComparison.Ordinal));
            return line is null ? null : long.Parse(line.AsSpan(label.Length), CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            return null;
        }
    }

    private static TimeSpan? TimeOf(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.TotalProcessorTime;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    // The runtime's own meter, as Prometheus writes it: one line per mode (user, system).
    private static TimeSpan? FromMetrics(Uri http)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var response = client.Send(new HttpRequestMessage(HttpMethod.Get, new Uri(http, "/metrics")));
            using var text = new StreamReader(response.Content.ReadAsStream());
            return ProcessorTime(text);
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    internal static TimeSpan? ProcessorTime(TextReader metrics)
    {
        TimeSpan? sum = null;
        while (metrics.ReadLine() is { } line)
        {
            if (!line.StartsWith("dotnet_process_cpu_time", StringComparison.Ordinal)) continue;
            var value = line[(line.LastIndexOf(' ') + 1)..];
            if (double.TryParse(value, CultureInfo.InvariantCulture, out var seconds))
            {
                sum = (sum ?? TimeSpan.Zero) + TimeSpan.FromSeconds(seconds);
            }
        }

        return sum;
    }

    private static bool IsLocal(Uri endpoint) => endpoint.IsLoopback
        || (IPAddress.TryParse(endpoint.DnsSafeHost, out var address) && IPAddress.IsLoopback(address));

    private static int? ListenerAt(int port)
    {
        var sockets = ListeningSockets(port).Select(inode => $"socket:[{inode}]").ToHashSet();
        if (sockets.Count == 0) return null;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            var name = Path.GetFileName(directory);
            if (int.TryParse(name, CultureInfo.InvariantCulture, out var pid) && Holds(directory, sockets)) return pid;
        }

        return null;
    }

    // Columns: number, local address:port, remote, state (0A listens), ..., inode the tenth.
    private static IEnumerable<string> ListeningSockets(int port) =>
        from table in SocketTables
        where File.Exists(table)
        from line in File.ReadLines(table).Skip(1)
        let columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        where columns[3] == "0A" && columns[1].EndsWith($":{port:X4}", StringComparison.Ordinal)
        select columns[9];

    private static bool Holds(string process, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFiles(Path.Combine(process, "fd"))
                .Any(descriptor => File.ResolveLinkTarget(descriptor, returnFinalTarget: false) is { } target
                    && sockets.Contains(target.Name));
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            // Another user's process, or one that has just ended.
            return false;
        }
    }
}
