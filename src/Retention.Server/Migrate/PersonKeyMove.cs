using Retention.Storage.Postgres;
using Retention.Storage.Sqlite;

namespace Retention.Server.Migrate;

/// <summary>Moves the wrapped keys of persons. The master key stays the file it is, and is proved to be the right one.</summary>
internal static class PersonKeyMove
{
    private const int KeysPerBatch = 1_000;

    public static void Run(string directory, PostgresOptions options)
    {
        if (!File.Exists(Path.Combine(directory, SqlitePersonKeys.FileName))) return;
        using var source = SqlitePersonKeys.Open(directory);
        using var target = PostgresPersonKeys.Open(options, directory);
        foreach (var batch in source.Wrapped().Chunk(KeysPerBatch))
        {
            target.AddWrapped(batch);
        }
    }
}
