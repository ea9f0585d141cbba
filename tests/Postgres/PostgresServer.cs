using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Retention.Tests.Postgres;

/// <summary>
/// A PostgreSQL server of the tests' own: a new data directory, a free port of 127.0.0.1, a role that is no superuser.
/// One is for the whole test run and is started by whoever asks first; others are for tests that destroy theirs. However
/// the test run ends, its servers end with it and leave nothing behind.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    public const string Missing = "PostgreSQL 15 or newer is not installed (Debian: apt-get install postgresql)";

    private const string Role = "retention";
    private const string Standby = "standby";
    private static readonly Lazy<PostgresServer> Started = new(() => new PostgresServer());
    private static readonly string? Programs = FindPrograms();

    private readonly string directory = Path.Combine(Path.GetTempPath(), $"retention-postgres-{Guid.NewGuid():N}");
    private readonly int port = FreePort();
    private readonly Process janitor;
    private Process? process;

    private PostgresServer(PostgresServer? primary = null)
    {
        Run("mkdir", "-m", "0700", directory);
        janitor = StartJanitor();
        if (primary is null)
        {
            Run($"{Programs}/initdb", "-D", directory, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync");
            Run("sh", "-c", $"echo \"{Settings}\" >> {directory}/postgresql.conf");
        }
        else
        {
            Run(
                $"{Programs}/pg_basebackup", "-D", directory, "-R", "-X", "stream", "-c", "fast", "--no-sync",
                "-d", $"host=127.0.0.1 port={primary.port} user=postgres application_name={Standby}");
        }

        Start();
        if (primary is null) Sql("postgres", $"CREATE ROLE {Role} LOGIN PASSWORD 'none'");
    }

    public static bool IsInstalled => Programs is not null;

    public static PostgresServer Instance => Started.Value;

    public string DataDirectory => directory;

    public int Port => port;

    private static string Settings => """
        max_connections = 200
        shared_buffers = 128MB
        max_wal_size = 2GB
        fsync = on
        log_min_messages = fatal
        """;

    /// <summary>Where a program of PostgreSQL's is.</summary>
    public static string Program(string name) => $"{Programs}/{name}";

    /// <summary>A server of the test's own, to be destroyed.</summary>
    public static PostgresServer StartNew() => new();

    /// <summary>A standby of this server, for which every commit waits from now on.</summary>
    public PostgresServer StartStandby()
    {
        var standby = new PostgresServer(this);
        Sql("postgres", $"ALTER SYSTEM SET synchronous_standby_names = '{Standby}'");
        Sql("postgres", "SELECT pg_reload_conf()");
        for (var tries = 0; Sql("postgres", "SELECT sync_state FROM pg_stat_replication") != "sync" && tries < 600; tries++)
        {
            Thread.Sleep(50);
        }

        return standby;
    }

    /// <summary>Sends a signal to processes of a server, which are another account's.</summary>
    public static void Signal(string signal, params string[] processes) => Run("kill", [$"-{signal}", .. processes]);

    /// <summary>The standby hears nothing more of the primary, which does not learn of it.</summary>
    public void StopReceiving() => Signal("STOP", Sql("postgres", "SELECT pid FROM pg_stat_wal_receiver"));

    public void GoOnReceiving() => Signal("CONT", Run("sh", "-c", "pgrep -P $(head -n 1 " + directory + "/postmaster.pid) | xargs").Trim().Split(' '));

    /// <summary>Makes the standby the primary.</summary>
    public void Promote() => Run($"{Programs}/pg_ctl", "-D", directory, "-w", "promote");

    /// <summary>Kills the server for ever: SIGKILL, nothing is written any more.</summary>
    public void Kill()
    {
        Signal("KILL", File.ReadLines(Path.Combine(directory, "postmaster.pid")).First());

        // Not for the end of its output: a backend that sends to a standby out of reach may hold that a while longer.
        process?.WaitForExit(TimeSpan.FromSeconds(10));
    }

    /// <summary>Ends the server and removes its data.</summary>
    public void Dispose()
    {
        janitor.StandardInput.Close();
        janitor.WaitForExit();
        janitor.Dispose();
        process?.Dispose();
    }

    /// <summary>A new database that the tests' role owns, and how to connect to it.</summary>
    public string CreateDatabase()
    {
        var name = $"d{Guid.NewGuid():N}";
        Sql("postgres", $"CREATE DATABASE {name} OWNER {Role}");
        return Connection(name);
    }

    public string Connection(string database) =>
        $"Host=127.0.0.1;Port={port.ToString(CultureInfo.InvariantCulture)};Database={database};Username={Role};Password=none";

    /// <summary>Runs a statement as superuser, and gives what psql prints.</summary>
    public string Sql(string database, string statement) => Run(
        $"{Programs}/psql", "-h", "127.0.0.1", "-p", $"{port}", "-U", "postgres", "-d", database, "-XAtq",
        "-v", "ON_ERROR_STOP=1", "-c", statement).Trim();

    /// <summary>Ends all server processes at once, as a crash of the machine's memory would, and starts them again.</summary>
    public void Crash()
    {
        Run($"{Programs}/pg_ctl", "-D", directory, "-m", "immediate", "-w", "stop");
        process?.WaitForExit();
        Start();
    }

    public void Restart()
    {
        Run($"{Programs}/pg_ctl", "-D", directory, "-m", "fast", "-w", "stop");
        process?.WaitForExit();
        Start();
    }

    private static string? FindPrograms()
    {
        string?[] candidates =
        [
            Environment.GetEnvironmentVariable("RETENTION_POSTGRES_BIN"),
            .. Directory.Exists("/usr/lib/postgresql")
                ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(x => Path.Combine(x, "bin"))
                : [],
        ];
        return candidates.FirstOrDefault(x => x is not null && File.Exists(Path.Combine(x, "initdb")));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // PostgreSQL refuses to run as root.
    private static ProcessStartInfo Command(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo("env")
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = "/",
        };
        if (Environment.UserName == "root")
        {
            info.FileName = "runuser";
            info.ArgumentList.Add("-u");
            info.ArgumentList.Add("postgres");
            info.ArgumentList.Add("--");
            info.ArgumentList.Add("env");
        }

        info.ArgumentList.Add("LC_ALL=C");
        info.ArgumentList.Add(program);
        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        return info;
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = new Process { StartInfo = Command(program, arguments) };
        var output = new StringBuilder();
        var errors = new StringBuilder();
        process.OutputDataReceived += (_, line) => output.AppendLine(line.Data);
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.ToString()
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {errors}");
    }

    private void Start()
    {
        process = Process.Start(Command(
            $"{Programs}/postgres", "-D", directory, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1", "-k", directory))!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        for (var tries = 0; ; tries++)
        {
            try
            {
                Sql("postgres", "SELECT 1");
                return;
            }
            catch (InvalidOperationException) when (tries < 200)
            {
                Thread.Sleep(50);
            }
        }
    }

    // A test run that is killed has no time to clean up: the janitor sees its end by that of the pipe. It has a session of
    // its own, so that what ends the run's processes all together does not end it.
    private Process StartJanitor()
    {
        var command = Command(
            "sh", "-c", $"cat > /dev/null; {Programs}/pg_ctl -D {directory} -m immediate -w stop; rm -rf {directory}");
        command.ArgumentList.Insert(0, command.FileName);
        command.FileName = "setsid";
        return Process.Start(command)!;
    }
}
