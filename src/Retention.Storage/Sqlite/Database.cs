using System.Collections.Concurrent;
using System.Globalization;
using Retention.Engine.Ports;
using SQLitePCL;

namespace Retention.Storage.Sqlite;

/// <summary>One SQLite connection. Used by one thread at a time.</summary>
internal sealed class Database : IDisposable
{
    // Builds 3.7.0 to 3.51.2 can damage a database when two connections write or checkpoint at once
    // (https://sqlite.org/wal.html). Other processes are kept out by the lock's file, other connections here.
    private static readonly ConcurrentDictionary<string, Database> Writers = new();

    private readonly string path;
    private readonly sqlite3 handle;
    private readonly List<Statement> statements = [];
    private readonly bool writes;
    private bool closed;

    static Database() => Batteries_V2.Init();

    private Database(string path, bool writes, bool create)
    {
        this.path = path = Path.GetFullPath(path);
        this.writes = writes;
        if (writes && !Writers.TryAdd(path, this))
        {
            throw new InvalidOperationException("A second connection would write to the same database.");
        }

        var flags = raw.SQLITE_OPEN_NOMUTEX
            | (writes ? raw.SQLITE_OPEN_READWRITE : raw.SQLITE_OPEN_READONLY)
            | (create ? raw.SQLITE_OPEN_CREATE : 0);
        var code = raw.sqlite3_open_v2(path, out handle, flags, null);
        if (code != raw.SQLITE_OK)
        {
            Dispose();
            throw new StoreDamagedException($"The database in {Path.GetDirectoryName(path)} does not open (SQLite {code}).");
        }

        raw.sqlite3_extended_result_codes(handle, 1);
    }

    public static string Version => raw.sqlite3_libversion().utf8_to_string();

    public static Database OpenWriter(string path, int cacheKilobytes)
    {
        LogCheck.Require(path + "-wal");
        return new Database(path, writes: true, create: true)
            .With(cacheKilobytes, "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA temp_store=MEMORY")
            .WithEmptyLog();
    }

    public static Database OpenReader(string path, int cacheKilobytes) => new Database(path, writes: false, create: false)
        .With(cacheKilobytes, "PRAGMA query_only=ON");

    /// <summary>A statement that is kept until the connection closes.</summary>
    public Statement Prepare(string sql)
    {
        var prepared = PrepareOnce(sql);
        statements.Add(prepared);
        return prepared;
    }

    /// <summary>A statement that the caller disposes.</summary>
    public Statement PrepareOnce(string sql)
    {
        var code = raw.sqlite3_prepare_v3(handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement);
        if (code != raw.SQLITE_OK)
        {
            throw new SqliteFailure(code, sql);
        }

        return new Statement(statement);
    }

    public void Run(string sql)
    {
        var code = raw.sqlite3_exec(handle, sql);
        if (code != raw.SQLITE_OK)
        {
            throw new SqliteFailure(code, sql);
        }
    }

    public long Number(string sql)
    {
        using var statement = PrepareOnce(sql);
        return statement.Row() ? statement.Number(0) : 0;
    }

    /// <summary>Copies the log into the database; false when a reader was in the way of some of it.</summary>
    public bool Checkpoint(bool truncate, out int pages)
    {
        var mode = truncate ? raw.SQLITE_CHECKPOINT_TRUNCATE : raw.SQLITE_CHECKPOINT_PASSIVE;
        var code = raw.sqlite3_wal_checkpoint_v2(handle, "main", mode, out var logged, out pages);
        if (code is not raw.SQLITE_OK and not raw.SQLITE_BUSY)
        {
            throw new SqliteFailure(raw.sqlite3_extended_errcode(handle), "checkpoint");
        }

        pages = Math.Max(0, pages);
        return code == raw.SQLITE_OK && pages >= logged;
    }

    /// <summary>Pages that this connection has written to the log since it was opened.</summary>
    public long PagesWritten()
    {
        raw.sqlite3_db_status(handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var current, out _, 1);
        pagesWritten += current;
        return pagesWritten;
    }

    /// <summary>Undoes the open transaction, unless SQLite did so itself.</summary>
    public void Rollback()
    {
        if (raw.sqlite3_get_autocommit(handle) == 0)
        {
            Run("ROLLBACK");
        }
    }

    public void Dispose()
    {
        if (closed)
        {
            return;
        }

        closed = true;
        foreach (var statement in statements)
        {
            statement.Dispose();
        }

        raw.sqlite3_close_v2(handle);
        handle.Dispose();
        if (writes)
        {
            Writers.TryRemove(path, out _);
        }
    }

    private long pagesWritten;

    /// <summary>
    /// Begins a log of its own, so that remains of a transaction that a power cut tore never lie behind new ones, where the
    /// check of the log would take them for damage.
    /// </summary>
    private Database WithEmptyLog()
    {
        try
        {
            Checkpoint(truncate: true, out _);
        }
        catch (SqliteFailure failure) when (failure.IsFull)
        {
            // It stays as it is until there is room.
        }
        catch
        {
            Dispose();
            throw;
        }

        return this;
    }

    private Database With(int cacheKilobytes, params ReadOnlySpan<string> settings)
    {
        try
        {
            Run("PRAGMA busy_timeout=1000");
            foreach (var setting in settings)
            {
                Run(setting);
            }

            Run("PRAGMA mmap_size=0");
            Run("PRAGMA wal_autocheckpoint=0");
            Run("PRAGMA cell_size_check=ON");
            Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size=-{cacheKilobytes}"));
            return this;
        }
        catch
        {
            // Left open it would hold its file, and keep the next attempt away as a second writer.
            Dispose();
            throw;
        }
    }
}
