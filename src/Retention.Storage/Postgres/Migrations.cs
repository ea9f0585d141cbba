using System.Data;
using System.Globalization;
using System.Reflection;
using Npgsql;

namespace Retention.Storage.Postgres;

/// <summary>
/// Brings a schema up to what this program knows, forward only. Each migration is one transaction that also records
/// it, so that a kill at any statement leaves it undone; an advisory lock lets one node do it while others wait.
/// </summary>
internal static class Migrations
{
    private const string Prefix = "postgres/";

    public static long Newest => All()[^1].Number;

    public static void Run(NpgsqlConnection connection, string schema)
    {
        Execute(connection, $"SELECT pg_advisory_lock({AdvisoryKeys.Migration(schema)})");
        try
        {
            Prepare(connection, schema);
            var found = Found(connection);
            if (found > Newest) throw new SchemaTooNewException(schema, found, Newest);

            foreach (var migration in All().Where(migration => migration.Number > found))
            {
                Apply(connection, migration);
            }
        }
        finally
        {
            // A connection that broke has let the lock go, and what broke it is what the caller must hear of.
            if (connection.State == ConnectionState.Open)
            {
                Execute(connection, $"SELECT pg_advisory_unlock({AdvisoryKeys.Migration(schema)})");
            }
        }
    }

    /// <summary>Throws where the schema is missing or not at what this program knows. Changes nothing.</summary>
    public static void Require(NpgsqlConnection connection, string schema)
    {
        using var exists = new NpgsqlCommand("SELECT to_regclass('schema_migration') IS NOT NULL", connection);
        var found = (bool)exists.ExecuteScalar()! ? Found(connection) : 0;
        if (found > Newest) throw new SchemaTooNewException(schema, found, Newest);
        if (found == 0) throw new DatabaseUnfitException($"The database has no schema {schema}.");
        if (found < Newest)
        {
            throw new DatabaseUnfitException(
                $"The schema {schema} is at migration {found} of {Newest}: start a server of this version first.");
        }
    }

    private static void Prepare(NpgsqlConnection connection, string schema)
    {
        var named = new NpgsqlCommandBuilder().QuoteIdentifier(schema);
        using var exists = new NpgsqlCommand("SELECT to_regnamespace($1) IS NOT NULL", connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = named } },
        };
        if (!(bool)exists.ExecuteScalar()!) Execute(connection, $"CREATE SCHEMA {named}");
        Execute(connection, """
            CREATE TABLE IF NOT EXISTS schema_migration (
                number bigint PRIMARY KEY,
                name text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now())
            """);
    }

    private static long Found(NpgsqlConnection connection)
    {
        using var newest = new NpgsqlCommand("SELECT coalesce(max(number), 0) FROM schema_migration", connection);
        return (long)newest.ExecuteScalar()!;
    }

    private static void Apply(NpgsqlConnection connection, Migration migration)
    {
        using var transaction = connection.BeginTransaction();
        Execute(connection, migration.Sql);
        using var record = new NpgsqlCommand(
            "INSERT INTO schema_migration (number, name) VALUES ($1, $2)", connection, transaction)
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = migration.Number },
                new NpgsqlParameter<string> { TypedValue = migration.Name },
            },
        };
        record.ExecuteNonQuery();
        transaction.Commit();
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.ExecuteNonQuery();
    }

    // 0001_journal.sql is migration 1.
    private static Migration[] All()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return
        [
            .. assembly.GetManifestResourceNames()
                .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(name => new Migration(
                    long.Parse(name.AsSpan(Prefix.Length, 4), CultureInfo.InvariantCulture),
                    name[Prefix.Length..],
                    Read(assembly, name))),
        ];
    }

    private static string Read(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private sealed record Migration(long Number, string Name, string Sql);
}
