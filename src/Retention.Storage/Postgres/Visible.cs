using Npgsql;

namespace Retention.Storage.Postgres;

/// <summary>Says at the start of a batch of statements which partitions they may see; it holds for that batch only.</summary>
internal static class Visible
{
    /// <summary>For those who follow the whole journal, and for keys, which tell their tenant by their hash only.</summary>
    private static readonly string[] Everything = ["*"];

    public static NpgsqlBatch Everywhere(NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters) =>
        Within(connection, Everything, sql, parameters);

    public static NpgsqlBatch Within(
        NpgsqlConnection connection, IReadOnlyCollection<string> partitions, string sql, params NpgsqlParameter[] parameters)
    {
        var see = new NpgsqlBatchCommand("SELECT set_config('retention.partitions', $1::text[]::text, true)");
        see.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. partitions] });
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return new NpgsqlBatch(connection) { BatchCommands = { see, command } };
    }

    public static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };

    /// <summary>Goes on to the rows of the second statement.</summary>
    public static void Skip(NpgsqlDataReader rows)
    {
        rows.NextResult();
    }
}
