using Retention.Engine.Ports;
using Retention.Storage;
using Retention.Storage.Postgres;
using Retention.Storage.Sqlite;

namespace Retention.Server.Verify;

/// <summary>The store that is verified: asked as a server asks it, and read row by row as it lies there.</summary>
public interface IVerifiedStore
{
    /// <summary>Opened before the scan. Throws StoreDamagedException where it cannot be.</summary>
    IAuditedStore Open();

    /// <summary>Keeps servers out until it is disposed of.</summary>
    IStoreScan Scan();

    /// <summary>Another one, while the first is there.</summary>
    IStoreScan ScanBeside();
}

internal sealed class VerifiedDirectory(string directory) : IVerifiedStore
{
    private bool isOpen;

    public IAuditedStore Open()
    {
        var store = SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = directory });
        isOpen = true;
        return store;
    }

    public IStoreScan Scan() => StoreScan.Open(directory, isLocked: isOpen);

    public IStoreScan ScanBeside() => StoreScan.Open(directory, isLocked: true);
}

internal sealed class VerifiedDatabase(PostgresOptions options) : IVerifiedStore
{
    public IAuditedStore Open() => PostgresGrainStore.OpenReadOnly(options);

    public IStoreScan Scan() => PostgresScan.Open(options, isLocked: false);

    public IStoreScan ScanBeside() => PostgresScan.Open(options, isLocked: true);
}
