using SQLitePCL;

namespace Retention.Storage.Sqlite;

/// <summary>A prepared statement, kept for the life of its connection. Parameters are numbered from 1, columns from 0.</summary>
internal sealed class Statement(sqlite3_stmt handle) : IDisposable
{
    public Statement With(int parameter, long value)
    {
        raw.sqlite3_bind_int64(handle, parameter, value);
        return this;
    }

    public Statement With(int parameter, ReadOnlySpan<byte> value)
    {
        raw.sqlite3_bind_blob(handle, parameter, value);
        return this;
    }

    /// <summary>Runs a statement that gives no rows.</summary>
    public void Run()
    {
        var code = raw.sqlite3_step(handle);
        raw.sqlite3_reset(handle);
        if (code is not raw.SQLITE_DONE and not raw.SQLITE_ROW)
        {
            throw new SqliteFailure(code, "write");
        }
    }

    /// <summary>The next row; when there is none, the statement is ready for its next use.</summary>
    public bool Row()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        raw.sqlite3_reset(handle);
        return code == raw.SQLITE_DONE ? false : throw new SqliteFailure(code, "read");
    }

    public void Reset() => raw.sqlite3_reset(handle);

    public long Number(int column) => raw.sqlite3_column_int64(handle, column);

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    public void Dispose() => raw.sqlite3_finalize(handle);
}
