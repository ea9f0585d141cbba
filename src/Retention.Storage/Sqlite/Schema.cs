namespace Retention.Storage.Sqlite;

/// <summary>The tables, brought up to date at a start. A directory of a newer program is refused.</summary>
internal static class Schema
{
    public const int Newest = 2;

    public static void Update(Database database, string directory)
    {
        for (var version = (int)Require(database, directory); version < Newest; version++)
        {
            database.Run("BEGIN IMMEDIATE");
            database.Run(Script(version + 1));
            if (version == 0)
            {
                using var manifest = database.PrepareOnce("INSERT INTO manifest (id, content) VALUES (1, ?1)");
                manifest.With(1, Manifest.Empty.Encode()).Run();
            }

            database.Run($"PRAGMA user_version={version + 1}");
            database.Run("COMMIT");
        }
    }

    /// <summary>The version found, if this program knows it.</summary>
    public static long Require(Database database, string directory)
    {
        var found = database.Number("PRAGMA user_version");
        return found <= Newest ? found : throw new StoreTooNewException(directory, found, Newest);
    }

    private static string Script(int version)
    {
        var name = $"Retention.Storage.Schema.{version:D4}.sql";
        using var stream = typeof(Schema).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The program lacks its schema script {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
