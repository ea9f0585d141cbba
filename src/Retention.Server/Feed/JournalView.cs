using System.Text.Json;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.V1;

namespace Retention.Server.Feed;

/// <summary>
/// What one caller may see of the journal: facts of its tenant in their public shape, and of the agreements that it is
/// a party of their terms and the events of their accounts.
/// </summary>
/// <param name="only">The one partition to tell of; null: all that the caller may see.</param>
internal sealed class JournalView(
    KnownAgreements agreements, Caller caller, IReadOnlySet<string> kinds, PartitionId? only)
{
    // Their keys are ids that the API shows. Other kinds are keyed by bearer codes or by keyed hashes of addresses.
    private static readonly HashSet<string> KindsWithShownIds = ["tenant", "customer", "offer", "agreement", "account"];

    public string TenantId => caller.TenantId;

    /// <summary>Whether anything in the partition may be told to the caller.</summary>
    public async ValueTask<bool> ConcernsAsync(PartitionId partition, CancellationToken stop)
    {
        if (only is { } one && partition != one) return false;
        if (partition == caller.Partition) return true;
        if (!partition.IsAgreement) return false;
        var agreement = await agreements.FindAsync(partition, stop);
        return agreement?.SidesOf(caller.TenantId, caller.BrandId).Count > 0;
    }

    public async ValueTask AddAsync(JournalRecord record, List<JournalEntry> entries, CancellationToken stop)
    {
        if (!await ConcernsAsync(record.Partition, stop)) return;
        var isOwn = record.Partition == caller.Partition;
        var agreement = isOwn ? null : await agreements.FindAsync(record.Partition, stop);
        var sides = agreement?.SidesOf(caller.TenantId, caller.BrandId) ?? [];
        foreach (var write in record.Writes)
        {
            if (!IsTold(write.Grain.Kind, isOwn)) continue;
            for (var index = 0; index < write.Facts.Count; index++)
            {
                var kind = NameOf(write.Facts[index].Span);
                if (kinds.Count > 0 && !kinds.Contains(kind)) continue;
                var entry = Entry(record, write, write.ExpectedVersion + index + 1, kind);
                if (Fill(entry, write.Grain, write.Facts[index], agreement, sides)) entries.Add(entry);
            }
        }
    }

    // What became of an agreement's coupons is told by its account, without pseudonyms.
    private static bool IsTold(string grainKind, bool isOwn) => isOwn
        ? grainKind is not (GrainId.InboxKind or GrainId.OutboxKind)
        : grainKind is "agreement" or "account";

    private static bool Fill(
        JournalEntry entry, GrainId grain, ReadOnlyMemory<byte> fact, KnownAgreement? agreement, IReadOnlyList<Side> sides)
    {
        if (agreement is null || grain.Kind != "account")
        {
            if (!PublicFacts.Shapes.TryGetValue((grain.Kind, entry.Kind), out var shape)) return true;
            entry.Json = shape.Of(fact);
            entry.ContentVersion = PublicFacts.Version;
            return true;
        }

        var account = (AccountFact)AgreementGrains.Account.DecodeFact(fact.Span);
        entry.Clearing = ClearingEvents.Of(account, agreement, sides, entry.Position);

        // Gaps between versions would tell how many facts are not told.
        entry.Version = 0;
        return entry.Clearing is not null;
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
