using System.Globalization;
using Retention.Tests.Postgres;

namespace Retention.Benchmarks.Designs;

/// <summary>The PostgreSQL server that all designs share: set as deploy/postgres.md says, and measured.</summary>
internal sealed class DatabaseServer(PostgresServer server)
{
    private const int LogSegments = 128;
    private const double TicksPerSecond = 100;

    private static readonly (string Name, string Value)[] Settings =
    [
        ("shared_buffers", "1GB"), ("max_wal_size", "8GB"), ("min_wal_size", "2GB"), ("checkpoint_timeout", "15min"),
        ("wal_compression", "lz4"),
    ];

    /// <summary>
    /// Sets the server up, and has it write as much log as the runs will: a server that has run for a while uses old
    /// segments again, where a new one makes and zeroes each within somebody's commit.
    /// </summary>
    public void Prepare()
    {
        foreach (var (name, value) in Settings)
        {
            server.Sql("postgres", $"ALTER SYSTEM SET {name} = '{value}'");
        }

        server.Restart();
        server.Sql("postgres", $"SELECT pg_logical_emit_message(false, 'fill', ''), pg_switch_wal() FROM generate_series(1, {LogSegments})");
        server.Sql("postgres", "CHECKPOINT");
    }

    /// <summary>Processor time of the server's processes, those that have ended included.</summary>
    public TimeSpan ProcessorTime()
    {
        var postmaster = File.ReadLines(Path.Combine(server.DataDirectory, "postmaster.pid")).First();
        var ticks = 0L;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out _) || Fields(folder) is not { } fields) continue;
            if (folder == $"/proc/{postmaster}") ticks += fields.Take(4).Sum();
            else if (fields[^1].ToString(CultureInfo.InvariantCulture) == postmaster) ticks += fields.Take(2).Sum();
        }

        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    // Own time in the program and in the kernel, that of ended children, and the parent. Null: the process has ended.
    private static long[]? Fields(string folder)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return [.. new[] { 11, 12, 13, 14, 1 }.Select(field => long.Parse(fields[field], CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
