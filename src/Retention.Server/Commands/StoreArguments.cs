using System.CommandLine;
using Retention.Storage.Postgres;

namespace Retention.Server.Commands;

/// <summary>
/// Which store a verb works on. A connection string may hold a password, which a command line shows to everybody on
/// the machine: it can stand in a file or in the environment instead.
/// </summary>
internal sealed class StoreArguments
{
    public const string EnvironmentName = "RETENTION_CONNECTION";

    private const string Sqlite = "sqlite";
    private const string Postgres = "postgres";

    private readonly Option<string> store = new("--store")
    {
        Description = "Where the data is kept: sqlite (in the data directory) or postgres.",
        DefaultValueFactory = _ => Sqlite,
    };

    public StoreArguments() => store.AcceptOnlyFromAmong(Sqlite, Postgres);

    public Option<string> Connection { get; } = new("--connection")
    {
        Description = $"PostgreSQL's connection string, best without a password; default: ${EnvironmentName}.",
    };

    public Option<string> ConnectionFile { get; } = new("--connection-file")
    {
        Description = "File that holds the connection string.",
    };

    public Option<string> Schema { get; } = new("--schema")
    {
        Description = "Schema of the tables in PostgreSQL.",
        DefaultValueFactory = _ => new PostgresOptions { ConnectionString = "" }.Schema,
    };

    public void AddTo(Command command, bool withStore = true)
    {
        if (withStore) command.Add(store);
        command.Add(Connection);
        command.Add(ConnectionFile);
        command.Add(Schema);
    }

    /// <summary>Null where the store is SQLite.</summary>
    public PostgresOptions? Read(ParseResult parsed)
    {
        if (parsed.GetValue(store) == Postgres) return Database(parsed);
        if (parsed.GetValue(Connection) is not null || parsed.GetValue(ConnectionFile) is not null)
        {
            throw new UsageFailure($"{Connection.Name} needs {store.Name} {Postgres}");
        }

        return null;
    }

    /// <summary>The database, for verbs that know no other store.</summary>
    public PostgresOptions Database(ParseResult parsed) => new()
    {
        ConnectionString = Check(Text(parsed)),
        Schema = parsed.GetRequiredValue(Schema),
    };

    /// <summary>Whether a database was named in any way but the environment.</summary>
    public bool IsGiven(ParseResult parsed) =>
        parsed.GetValue(Connection) is not null || parsed.GetValue(ConnectionFile) is not null;

    private string Text(ParseResult parsed)
    {
        var (direct, file) = (parsed.GetValue(Connection), parsed.GetValue(ConnectionFile));
        if (direct is not null && file is not null)
        {
            throw new UsageFailure($"give {Connection.Name} or {ConnectionFile.Name}, not both");
        }

        if (file is null)
        {
            return direct ?? Environment.GetEnvironmentVariable(EnvironmentName)
                ?? throw new UsageFailure($"give {Connection.Name}, {ConnectionFile.Name} or ${EnvironmentName}");
        }

        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageFailure($"the file {file} cannot be read");
        }
    }

    private static string Check(string text)
    {
        try
        {
            return new Npgsql.NpgsqlConnectionStringBuilder(text).ConnectionString;
        }
        catch (ArgumentException)
        {
            throw new UsageFailure("the connection string is not one, e.g. Host=db;Database=retention;Username=retention");
        }
    }
}
