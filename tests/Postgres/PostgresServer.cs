using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Retention.Tests.Postgres;

/// <summary>
/// A PostgreSQL server of the tests' own: a new data directory, a free port of 127.0.0.1, a role that is no superuser.
/// It is one for the whole test run, ends with it, and is started by whoever asks first.
/// </summary>
public sealed class PostgresServer
{
    public const string Missing = "PostgreSQL 15 or newer is not installed (Debian: apt-get install postgresql)";

    private const string Role = "retention";
    private static readonly Lazy<PostgresServer> Started = new(() => new PostgresServer());
    private static readonly string? Programs = FindPrograms();

    private readonly string directory = Path.Combine(Path.GetTempPath(), $"retention-postgres-{Guid.NewGuid():N}");
    private readonly int port = FreePort();
    private Process? process;

    private PostgresServer()
    {
        Run("mkdir", "-m", "0700", directory);
        Run($"{Programs}/initdb", "-D", directory, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync");
        Run("sh", "-c", $"echo \"{Settings}\" >> {directory}/postgresql.conf");
        Start();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => End();
        Sql("postgres", $"CREATE ROLE {Role} LOGIN PASSWORD 'none'");
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

    private void End()
    {
        try
        {
            Run($"{Programs}/pg_ctl", "-D", directory, "-m", "immediate", "-w", "stop");
        }
        finally
        {
            Run("rm", "-rf", directory);
        }
    }
}
