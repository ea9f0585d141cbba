using NodaTime;

namespace Retention.Kernel;

/// <summary>
/// What a decision may see: the node's clock, states of grains of one partition, and what was recorded under a key.
/// A state that is not in memory yet is given as the kind's initial state and the turn becomes incomplete:
/// whatever is decided then is thrown away and decided again when the state is there. So a turn must be pure,
/// and should return at once (any decision will do) when it finds itself incomplete.
/// </summary>
public interface ITurn
{
    /// <summary>The node's clock when the command arrived. Tenants on a virtual clock have their own time.</summary>
    Instant Time { get; }

    bool IsComplete { get; }

    TState State<TState>(GrainId grain)
        where TState : class;

    /// <summary>The grain's version: how many facts it has. 0 means that it does not exist.</summary>
    long Version(GrainId grain);

    /// <summary>The facts of the commit that recorded the key; null if no commit did.</summary>
    IReadOnlyList<Change>? Recorded(LedgerKey key);
}
