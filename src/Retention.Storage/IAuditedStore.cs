using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage;

/// <summary>A store that can be asked for what its index says, many at a time.</summary>
public interface IAuditedStore : IGrainStore
{
    /// <summary>Positions of the commits that took the keys, 0 where none did.</summary>
    ValueTask<long[]> PositionsAsync(IReadOnlyList<LedgerKey> keys, CancellationToken stop);

    /// <summary>Positions of the commits that wrote the grains last, 0 where none did.</summary>
    ValueTask<long[]> PositionsAsync(IReadOnlyList<GrainId> grains, CancellationToken stop);
}
