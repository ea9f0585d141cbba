using Retention.Engine.Ports;
using SQLitePCL;

namespace Retention.Storage.Sqlite;

/// <summary>A code of SQLite other than success, and what follows from it.</summary>
internal sealed class SqliteFailure(int code, string during)
    : Exception($"SQLite answered {code} to: {during}.")
{
    public int Code { get; } = code;

    public bool IsFull => (Code & 0xFF) == raw.SQLITE_FULL;

    /// <summary>What a reader makes of it: the bytes are bad, or the disk is.</summary>
    public Exception AsRead() => (Code & 0xFF) is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_ERROR
        ? new StoreDamagedException($"The database's pages are not what was written (SQLite {Code}).")
        : new IOException($"The database cannot be read (SQLite {Code}).", this);
}
