using System.Collections.Concurrent;
using Retention.Domain.Agreements;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;

namespace Retention.Server.Feed;

/// <summary>
/// Whose agreements are whose, asked once for each: the parties stand in an agreement's first fact and never change.
/// </summary>
internal sealed class KnownAgreements(IGrainHost grains)
{
    private readonly ConcurrentDictionary<PartitionId, KnownAgreement> known = [];

    /// <summary>Null where nobody has proposed it.</summary>
    public async ValueTask<KnownAgreement?> FindAsync(PartitionId partition, CancellationToken stop)
    {
        if (known.TryGetValue(partition, out var found)) return found;
        var grain = AgreementGrains.AgreementId(partition.OwnerId);
        var question = new Command(partition, [], 0, turn => Decision.With(turn.State<AgreementState>(grain)));
        var state = (AgreementState)Asking.Granted(await grains.AskAsync(question, stop));
        if (!state.Exists) return null;
        return known[partition] = new KnownAgreement(state.First, state.Second, state.Agreed.Currency, state.Agreed.Fx?.Currency);
    }
}
