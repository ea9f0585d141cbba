using Retention.Engine.Ports;
using Retention.Simulation;

namespace Retention.Storage.Tests;

public sealed class ModelStoreTests : GrainStoreContract
{
    private readonly ModelStore model = new();

    protected override Task<IGrainStore> Create() => Task.FromResult<IGrainStore>(new ModelGrainStore(model));

    protected override async Task<IGrainStore> Reopen(IGrainStore store)
    {
        await store.DisposeAsync();
        return new ModelGrainStore(model);
    }
}
