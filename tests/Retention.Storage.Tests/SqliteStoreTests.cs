using Retention.Engine.Ports;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

public class SqliteStoreTests : GrainStoreContract
{
    private readonly TemporaryDirectory directory = new();

    protected SqliteOptions Options => SmallLimits(new SqliteOptions { Directory = directory.Path });

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Delete();
    }

    protected virtual SqliteOptions SmallLimits(SqliteOptions options) => options;

    protected override Task<IGrainStore> Create() => Task.FromResult<IGrainStore>(SqliteGrainStore.Open(Options));

    protected override async Task<IGrainStore> Reopen(IGrainStore store)
    {
        await store.DisposeAsync();
        return SqliteGrainStore.Open(Options);
    }
}
