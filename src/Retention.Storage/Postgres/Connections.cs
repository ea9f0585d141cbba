using Npgsql;

namespace Retention.Storage.Postgres;

/// <summary>The pool of one node, and how a lane's own connection is opened.</summary>
internal sealed class Connections : IDisposable
{
    private readonly NpgsqlDataSource source;

    public Connections(PostgresOptions options)
    {
        Options = options;
        source = Source(options, options.Readers + 2);
    }

    public PostgresOptions Options { get; }

    public static NpgsqlDataSource Source(PostgresOptions options, int poolSize)
    {
        var given = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        var named = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            SearchPath = new NpgsqlCommandBuilder().QuoteIdentifier(options.Schema),
            ApplicationName = "retention",
            MaxPoolSize = poolSize,
            MaxAutoPrepare = 32,
            AutoPrepareMinUsages = 2,
            CommandTimeout = options.QueryTimeoutSeconds,
            NoResetOnClose = true,

            // Every statement here is short; compiling the load of 64 grains took 40 ms of its 50.
            Options = $"-c jit=off {given.Options}".TrimEnd(),
            CancellationTimeout = 1_000,

            // Of connections that nobody asks anything on.
            TcpKeepAlive = true,
            TcpKeepAliveTime = 5,
            TcpKeepAliveInterval = 1,
            Timeout = 5,

            // After a failover the new primary is looked for at once, not after the usual ten seconds.
            HostRecheckSeconds = 1,
        };
        var builder = new NpgsqlDataSourceBuilder(named.ConnectionString);
        return named.Host?.Contains(',') == true
            ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary)
            : builder.Build();
    }

    public NpgsqlConnection Open() => source.OpenConnection();

    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken stop) => source.OpenConnectionAsync(stop);

    /// <summary>Refuses what would make a promise empty: a server that does not sync, a role that no policy holds off.</summary>
    public void RequireFit()
    {
        using var connection = Open();
        using var command = new NpgsqlCommand(
            "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('server_version_num')::int, "
            + "rolsuper OR rolbypassrls, current_setting('synchronous_standby_names'), current_setting('synchronous_commit') FROM pg_roles WHERE rolname = current_user", connection);
        using var row = command.ExecuteReader();
        row.Read();
        if (row.GetString(0) != "on" || row.GetString(1) != "on")
        {
            throw new DatabaseUnfitException("The database runs with fsync or full_page_writes off: commits could be lost.");
        }

        if (Options.NeedsStandby && (row.GetString(4).Length == 0 || row.GetString(5) is "off" or "local"))
        {
            throw new DatabaseUnfitException(
                "No synchronous standby is set: give synchronous_standby_names, and synchronous_commit on or higher.");
        }

        if (row.GetInt32(2) < 150_000) throw new DatabaseUnfitException("PostgreSQL 15 or newer is needed.");
        if (row.GetBoolean(3))
        {
            throw new DatabaseUnfitException(
                "The role is a superuser or bypasses row security: the wall between tenants would not hold it off.");
        }
    }

    public void Dispose() => source.Dispose();
}
