using System.Text.Json;
using Retention.Domain.Agreements;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.V1;

namespace Retention.Server.Feed;

/// <summary>
/// What one caller may see of the journal: facts of its tenant, and of the agreements its brands take part in.
/// Only names, versions and ids of facts leave, never their content.
/// </summary>
public sealed class JournalView(IGrainHost grains, Caller caller, IReadOnlySet<string> kinds)
{
    // Their keys are ids that the API shows. Other kinds are keyed by bearer codes or by keyed hashes of addresses.
    private static readonly HashSet<string> KindsWithShownIds = ["tenant", "customer", "offer", "agreement", "account"];

    // The parties of an agreement stand in its first fact and never change.
    private readonly Dictionary<string, bool> isParty = [];

    public async ValueTask AddAsync(JournalRecord record, List<JournalEntry> entries, CancellationToken stop)
    {
        if (!await IsVisibleAsync(record.Partition, stop)) return;
        foreach (var write in record.Writes)
        {
            if (write.Grain.Kind is GrainId.InboxKind or GrainId.OutboxKind) continue;
            for (var index = 0; index < write.Facts.Count; index++)
            {
                var kind = NameOf(write.Facts[index].Span);
                if (kinds.Count > 0 && !kinds.Contains(kind)) continue;
                entries.Add(Entry(record, write, write.ExpectedVersion + index + 1, kind));
            }
        }
    }

    private async ValueTask<bool> IsVisibleAsync(PartitionId partition, CancellationToken stop)
    {
        if (partition == caller.Partition) return true;
        if (!partition.IsAgreement) return false;
        if (isParty.TryGetValue(partition.OwnerId, out var known)) return known;
        var agreement = AgreementGrains.AgreementId(partition.OwnerId);
        var parties = new Command(partition, [], 0, turn =>
            Decision.With(turn.State<AgreementState>(agreement).SidesOf(caller.TenantId).Any()));
        var isMine = (bool)Asking.Granted(await grains.AskAsync(parties, stop));
        return isParty[partition.OwnerId] = isMine;
    }

    private static JournalEntry Entry(JournalRecord record, GrainWrite write, long version, string kind) => new()
    {
        Position = record.Position,
        RecordTime = record.RecordedAt.ToProto(),
        Kind = kind,
        GrainKind = write.Grain.Kind,
        GrainId = KindsWithShownIds.Contains(write.Grain.Kind) ? write.Grain.Key : "",
        Version = version,
        AgreementId = record.Partition.IsAgreement ? record.Partition.OwnerId : "",
    };

    // Facts are JSON objects that begin with their name.
    private static string NameOf(ReadOnlySpan<byte> fact)
    {
        var reader = new Utf8JsonReader(fact);
        var isNamed = reader.Read() && reader.Read() && reader.ValueTextEquals("$type") && reader.Read();
        return isNamed ? reader.GetString() ?? "" : "";
    }
}
