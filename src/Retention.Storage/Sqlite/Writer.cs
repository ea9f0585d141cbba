using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// The one connection that writes, and the rule of failing: a full disk undoes the transaction and is survived; after
/// anything else nobody knows what is on the disk, so nothing is written any more.
/// </summary>
internal sealed class Writer : IDisposable
{
    private readonly Lock gate = new();
    private readonly Database database;
    private readonly SqliteOptions options;
    private readonly string logPath;
    private StoreBrokenException? broken;
    private long checkpointedPages;
    private long pagesAtCheckpoint;
    private long logPages;
    private bool disposed;
    private int commitsWaiting;

    public Writer(string path, SqliteOptions options)
    {
        this.options = options;
        logPath = path + "-wal";
        database = Database.OpenWriter(path, options.WriterCacheKilobytes);
        try
        {
            Schema.Update(database, options.Directory);
            if (options.PagesMax > 0)
            {
                database.Run($"PRAGMA max_page_count={options.PagesMax}");
            }

            Session = new Session(database);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public Session Session { get; }

    public StoreBrokenException? Broken => Volatile.Read(ref broken);

    /// <summary>Whether the log wants to be copied into the database. An estimate that costs nothing.</summary>
    public bool LogIsLong => Volatile.Read(ref logPages) * 4096 >= options.CheckpointBytes;

    public long LogBytes => File.Exists(logPath) ? new FileInfo(logPath).Length : 0;

    /// <summary>Everything that was written to the log and copied from it into the database.</summary>
    public long BytesWritten
    {
        get
        {
            lock (gate)
            {
                const int page = 4096;
                const int frameHead = 24;
                return (database.PagesWritten() * (page + frameHead)) + (checkpointedPages * page);
            }
        }
    }

    /// <summary>Runs a batch of commits; false when the store is full and nothing was changed.</summary>
    public bool TryRun(Action transaction)
    {
        Interlocked.Increment(ref commitsWaiting);
        lock (gate)
        {
            Interlocked.Decrement(ref commitsWaiting);
            return RunInside(transaction);
        }
    }

    /// <summary>The same for work that no caller waits for: it lets a waiting batch go first.</summary>
    public bool TryRunBehindCommits(Action transaction)
    {
        var pause = default(SpinWait);
        while (Volatile.Read(ref commitsWaiting) > 0)
        {
            pause.SpinOnce();
        }

        lock (gate)
        {
            return RunInside(transaction);
        }
    }

    /// <summary>Refuses all further writing.</summary>
    public void Stop(StoreDamagedException damage)
    {
        lock (gate)
        {
            broken ??= new StoreBrokenException("The store's index is damaged: " + damage.Message, damage);
        }
    }

    /// <summary>Copies the log into the database when it is longer than the limit, or always when idle.</summary>
    public void Checkpoint(bool idle)
    {
        lock (gate)
        {
            if (broken is not null || disposed)
            {
                return;
            }

            if (idle ? LogBytes > 0 : LogIsLong)
            {
                Guard(() => Empty(truncate: idle || LogBytes > options.LogBytesMax));
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            database.Dispose();
        }
    }

    private bool RunInside(Action transaction)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return broken is null
            ? Attempt(transaction) || (TryEmptyLog() && Attempt(transaction))
            : throw new StoreBrokenException(broken.Message, broken);
    }

    private bool Attempt(Action transaction)
    {
        try
        {
            transaction();
            Volatile.Write(ref logPages, database.PagesWritten() - pagesAtCheckpoint);
            return true;
        }
        catch (SqliteFailure failure) when (failure.IsFull)
        {
            Guard(database.Rollback);
            return false;
        }
        catch (SqliteFailure failure)
        {
            throw Break(failure);
        }
        catch
        {
            Guard(database.Rollback);
            throw;
        }
    }

    /// <summary>What the log holds may fit into free pages of the database, which makes room in the log.</summary>
    private bool TryEmptyLog()
    {
        try
        {
            return Empty(truncate: true);
        }
        catch (SqliteFailure failure) when (failure.IsFull)
        {
            return false;
        }
        catch (SqliteFailure failure)
        {
            throw Break(failure);
        }
    }

    private bool Empty(bool truncate)
    {
        var whole = database.Checkpoint(truncate, out var pages);
        checkpointedPages += pages;
        pagesAtCheckpoint = database.PagesWritten();
        Volatile.Write(ref logPages, 0);
        return whole;
    }

    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (SqliteFailure failure) when (failure.IsFull)
        {
            // The log stays as it is until there is room.
        }
        catch (SqliteFailure failure)
        {
            throw Break(failure);
        }
    }

    private void Guard(Func<bool> work) => Guard(() => { work(); });

    private StoreBrokenException Break(SqliteFailure failure)
    {
        var found = new StoreBrokenException("The store failed while it wrote; it is not known what became durable.", failure);
        Volatile.Write(ref broken, found);
        return found;
    }
}
