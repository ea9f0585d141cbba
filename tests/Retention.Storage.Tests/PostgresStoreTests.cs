using Retention.Engine.Ports;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;

namespace Retention.Storage.Tests;

[Collection("PostgreSQL")]
public sealed class PostgresStoreTests : GrainStoreContract
{
    private readonly PostgresOptions options = PostgresTestSchema.Options();

    protected override Task<IGrainStore> Create() => Task.FromResult<IGrainStore>(PostgresGrainStore.Open(options));

    protected override async Task<IGrainStore> Reopen(IGrainStore store)
    {
        await store.DisposeAsync();
        return PostgresGrainStore.Open(options);
    }
}

/// <summary>One database for the run, and a schema of its own for each test.</summary>
internal static class PostgresTestSchema
{
    private static readonly Lazy<string> Database = new(() => PostgresServer.Instance.CreateDatabase());

    /// <summary>Parts of 7 positions, so that most tests cross from one to the next.</summary>
    public static PostgresOptions Options() => new()
    {
        ConnectionString = PostgresServer.IsInstalled ? Database.Value : "",
        Schema = $"s{Guid.NewGuid():N}",
        PartSize = 7,
    };
}
