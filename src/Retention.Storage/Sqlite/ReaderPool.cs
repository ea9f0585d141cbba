using System.Collections.Concurrent;

namespace Retention.Storage.Sqlite;

/// <summary>A few connections that can only read. Who finds none free waits.</summary>
internal sealed class ReaderPool(string path, SqliteOptions options) : IDisposable
{
    private readonly SemaphoreSlim free = new(options.Readers, options.Readers);
    private readonly ConcurrentBag<Session> idle = [];
    private volatile bool disposed;

    public async ValueTask<T> AskAsync<T>(Func<Session, T> questions, CancellationToken stop)
    {
        await free.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return Ask(questions);
        }
        finally
        {
            free.Release();
        }
    }

    public Session Open()
    {
        try
        {
            return new Session(Database.OpenReader(path, options.ReaderCacheKilobytes));
        }
        catch (SqliteFailure failure)
        {
            throw failure.AsRead();
        }
    }

    public void Dispose()
    {
        disposed = true;
        for (var waited = 0; waited < options.Readers; waited++)
        {
            free.Wait();
        }

        while (idle.TryTake(out var session))
        {
            session.Dispose();
        }
    }

    private T Ask<T>(Func<Session, T> questions)
    {
        if (!idle.TryTake(out var session))
        {
            session = Open();
        }

        try
        {
            return questions(session);
        }
        catch (SqliteFailure failure)
        {
            throw failure.AsRead();
        }
        finally
        {
            idle.Add(session);
        }
    }
}
