namespace Retention.Storage.Postgres;

/// <summary>The schema was made by a newer program.</summary>
public sealed class SchemaTooNewException(string schema, long found, long known)
    : Exception($"The schema {schema} is at migration {found}; this program knows up to {known}.");

/// <summary>The database is not fit to keep what is acknowledged, or the role is not fit to be held off.</summary>
public sealed class DatabaseUnfitException(string message) : Exception(message);

/// <summary>Somebody reads the database as a whole and wants nobody to write, or the other way round.</summary>
public sealed class DatabaseInUseException(string message) : Exception(message);

/// <summary>The server said done and warned: the commit may not have reached the synchronous standby.</summary>
public sealed class CommitInDoubtException(string warning) : Exception(warning);
