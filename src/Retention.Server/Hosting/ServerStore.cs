using Retention.Engine.Ports;
using Retention.Storage;
using Retention.Storage.Postgres;
using Retention.Storage.Sqlite;

namespace Retention.Server.Hosting;

/// <summary>The store of a server, the keys of persons beside it, and what the engine must know of them.</summary>
internal sealed class ServerStore : IAsyncDisposable
{
    private IDisposable? start;

    private ServerStore(IGrainStore grains, IPersonKeyStore persons, bool isShared, IDisposable? start)
    {
        Grains = grains;
        Persons = persons;
        IsShared = isShared;
        this.start = start;
    }

    public IGrainStore Grains { get; }

    public IPersonKeyStore Persons { get; }

    /// <summary>Several nodes may write it.</summary>
    public bool IsShared { get; }

    /// <summary>Until <see cref="Started"/>, no other node of the same store starts.</summary>
    public static async Task<ServerStore> OpenAsync(ServerOptions options, ILogger log)
    {
        if (options.Postgres is { } postgres) return await OpenPostgresAsync(postgres, options.DataDirectory, log);

        var store = SqliteGrainStore.Open(new SqliteOptions { Directory = options.DataDirectory });
        ServerLog.StoreOpened(log, SqliteGrainStore.SqliteVersion, options.DataDirectory);
        return await WithPersonsAsync(store, () => SqlitePersonKeys.Open(options.DataDirectory), isShared: false, null);
    }

    public void Started()
    {
        start?.Dispose();
        start = null;
    }

    public async ValueTask DisposeAsync()
    {
        Started();
        Persons.Dispose();
        await Grains.DisposeAsync();
    }

    private static async Task<ServerStore> OpenPostgresAsync(PostgresOptions options, string directory, ILogger log)
    {
        var store = PostgresGrainStore.Open(options);
        ServerLog.DatabaseOpened(log, options.Schema);
        var start = store.LockStart();
        return await WithPersonsAsync(store, () => PostgresPersonKeys.Open(options, directory), isShared: true, start);
    }

    // The store holds its lock by now; it is let go when there is no way on.
    private static async Task<ServerStore> WithPersonsAsync(
        IGrainStore store, Func<IPersonKeyStore> open, bool isShared, IDisposable? start)
    {
        try
        {
            return new ServerStore(store, open(), isShared, start);
        }
        catch
        {
            start?.Dispose();
            await store.DisposeAsync();
            throw;
        }
    }
}
