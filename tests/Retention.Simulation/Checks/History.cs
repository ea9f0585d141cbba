using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Cluster;
using Retention.Simulation.Runs;
using Retention.Simulation.Toy;

namespace Retention.Simulation.Checks;

/// <summary>
/// What clients were told against what the journal says. Each answer names the grains it saw with version and state, so
/// the check needs no search: the state must be that of the version, durable, and no older than the sending.
/// </summary>
public sealed class History(Run run)
{
    private readonly Dictionary<string, List<Point>> grains = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Tag, long Position)> applied = new(StringComparer.Ordinal);
    private readonly Dictionary<LedgerKey, (long Time, bool IsSeal)> recorded = [];
    private readonly Dictionary<string, string> replies = new(StringComparer.Ordinal);
    private readonly HashSet<string> denied = new(StringComparer.Ordinal);
    private readonly Dictionary<(SimClient Client, GrainId Offer), long> spent = [];

    /// <summary>Operations answered with a reply, and the reply.</summary>
    public List<(LedgerKey Key, string Reply)> Acknowledged { get; } = [];

    /// <summary>Refusals that say nothing of the business: the client tries again.</summary>
    public static bool IsTechnical(RefusalReason reason) => reason is RefusalReason.Overloaded or RefusalReason.StorageFull
        or RefusalReason.StorageUnavailable or RefusalReason.OutcomeUnknown or RefusalReason.TooManyConflicts;

    public ToyState StateOf(GrainId grain, long version) =>
        version > 0 && grains.TryGetValue(grain.ToString(), out var points) && points.Count >= version
            ? points[(int)version - 1].State
            : ToyState.Empty;

    /// <summary>What the client was last told that the offer has spent.</summary>
    public long SpentAsSeen(SimClient client, GrainId offer) => spent.GetValueOrDefault((client, offer));

    public void OnCommitted(JournalRecord record)
    {
        foreach (var key in record.Ledger?.Keys ?? [])
        {
            recorded[key] = (run.Now, record.Ledger!.Format == LedgerFormats.Sealed);
        }

        foreach (var write in record.Writes)
        {
            if (write.Grain.Kind is GrainId.InboxKind or GrainId.OutboxKind)
            {
                continue;
            }

            foreach (var bytes in write.Facts)
            {
                var fact = ToyKind.Fact(bytes.Span);
                var points = PointsOf(write.Grain.ToString());
                var before = points.Count == 0 ? ToyState.Empty : points[^1].State;
                points.Add(new Point(before.Apply(fact), record.Position, run.Now));
                OnApplied(fact.Tag.Split('!')[0], record.Position);
            }
        }
    }

    public void OnSnapshot(Snapshot snapshot)
    {
        if (snapshot.Grain.Kind is GrainId.InboxKind or GrainId.OutboxKind)
        {
            return;
        }

        var points = PointsOf(snapshot.Grain.ToString());
        var state = SavedStateFormat.Decode(run.Kinds[snapshot.Grain.Kind], snapshot.State.Span).ToString();
        Demand(
            snapshot.Version <= points.Count && points[(int)snapshot.Version - 1].State.ToString() == state,
            "SnapshotIsFold", $"{snapshot.Grain}@{snapshot.Version}={state}");
    }

    public void OnAnswer(Ticket ticket, Answer answer)
    {
        if (answer.Refusal is { } refusal)
        {
            OnRefused(ticket, answer, refusal);
        }
        else if (ticket.IsSeal)
        {
            var key = ticket.Attempt.Operation.RequestKey;
            Demand(recorded.TryGetValue(key, out var entry) && entry.IsSeal, "AnswerIsDurable", ticket);
            Demand(!applied.ContainsKey(ticket.Attempt.Operation.Id), "SealedNeverApplies", ticket);
            run.Coverage.Sometimes("an operation is sealed");
        }
        else
        {
            OnReplied(ticket, answer, (string)answer.Reply!);
        }
    }

    private void OnReplied(Ticket ticket, Answer answer, string reply)
    {
        var operation = ticket.Attempt.Operation;
        run.Coverage.SometimesIf(answer.Repeated, "a reply is repeated");
        if (!operation.IsRead)
        {
            OnAcknowledged(ticket, operation, reply);
        }

        CheckSeen(reply, ticket, answer);
    }

    private void OnAcknowledged(Ticket ticket, Operation operation, string reply)
    {
        var name = operation.NaturalKey is null ? operation.Id : $"{operation.Verb} {operation.Sale}";
        var isOwn = applied.TryGetValue(operation.Id, out var by);
        if (isOwn)
        {
            Demand(by.Tag.EndsWith('~') == (ticket.Attempt.Change != 0), "OtherContentIsRefused", ticket);
        }
        else
        {
            Demand(operation.NaturalKey is { } key && recorded.ContainsKey(key), "AnswerIsDurable", ticket);
        }

        if (!replies.TryAdd(name, reply))
        {
            Demand(replies[name] == reply, "OneReply", $"{ticket}: {reply} after {replies[name]}");
        }

        Acknowledged.Add((isOwn ? operation.RequestKey : operation.NaturalKey!.Value, reply));
    }

    private void OnRefused(Ticket ticket, Answer answer, Refusal refusal)
    {
        var (attempt, operation) = (ticket.Attempt, ticket.Attempt.Operation);
        run.Coverage.Sometimes($"refused: {refusal.Reason}");
        if (refusal.Reason == RefusalReason.OutcomeUnknown)
        {
            return;
        }

        if (ticket.IsSeal)
        {
            // Its id may also lead to a receipt that was recorded under another id.
            var isTaken = applied.ContainsKey(operation.Id)
                || (recorded.TryGetValue(operation.RequestKey, out var taken) && !taken.IsSeal);
            Demand(IsTechnical(refusal.Reason) || isTaken, "RefusalIsHonest", ticket);
            run.Coverage.SometimesIf(isTaken, "a seal comes too late");
            return;
        }

        Demand(!applied.TryGetValue(operation.Id, out var by) || by.Tag != attempt.Tag, "RefusalIsHonest", ticket);
        denied.Add(attempt.Tag);
        if (IsTechnical(refusal.Reason))
        {
            return;
        }

        if (recorded.TryGetValue(operation.RequestKey, out var entry) && entry.Time < attempt.SentAt)
        {
            CheckRecorded(ticket, refusal, entry.IsSeal);
            return;
        }

        Demand(
            refusal.Reason != RefusalReason.PurchaseNotFound
                || !recorded.TryGetValue(operation.SaleKey, out var sale) || sale.Time >= attempt.SentAt,
            "RealTimeOrder", ticket);
        if (refusal.Details.FirstOrDefault(detail => detail.Name == "seen").Value is { } seen)
        {
            CheckSeen(seen, ticket, answer);
        }
    }

    /// <summary>The request id was taken before this attempt was sent.</summary>
    private void CheckRecorded(Ticket ticket, Refusal refusal, bool isSealed)
    {
        if (isSealed)
        {
            Demand(refusal.Reason == RefusalReason.OperationSealed, "SealedNeverApplies", ticket);
            run.Coverage.Sometimes("a late copy meets the seal");
            return;
        }

        Demand(ticket.Attempt.Change != 0, "FirstReplyForEver", $"{ticket} {refusal.Reason}");
        Demand(refusal.Reason == RefusalReason.RequestIdReused, "OtherContentIsRefused", ticket);
    }

    private void OnApplied(string tag, long position)
    {
        Demand(!denied.Contains(tag), "RefusalIsHonest", $"{tag} was refused and is applied");
        var hash = tag.IndexOf('#', StringComparison.Ordinal);
        if (hash < 0)
        {
            return;
        }

        var id = tag[..hash];
        Demand(
            !recorded.TryGetValue(LedgerKey.Of("r", id), out var entry) || !entry.IsSeal, "SealedNeverApplies", tag);
        if (!applied.TryAdd(id, (tag, position)))
        {
            Demand(applied[id].Position == position, "OperationOnce", $"{tag} after {applied[id].Tag}");
        }
    }

    private void CheckSeen(string seen, Ticket ticket, Answer answer)
    {
        foreach (var part in seen.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.LastIndexOf('@');
            var equals = part.IndexOf('=', at);
            var points = PointsOf(part[..at]);
            var version = int.Parse(part.AsSpan(at + 1, equals - at - 1));
            Demand(version <= points.Count, "AnswerIsDurable", $"{ticket} shows {part}, the journal has {points.Count}");
            var point = version == 0 ? new Point(ToyState.Empty, 0, 0) : points[version - 1];
            Demand(part[(equals + 1)..] == point.State.ToString(), "AnswerIsFold", $"{ticket} shows {part}, not {point}");
            Demand(answer.Position >= point.Position, "PositionIncludes", $"{ticket} at {answer.Position}, not {point}");
            Demand(
                answer.Repeated || version == points.Count || points[version].Time >= ticket.Attempt.SentAt,
                "RealTimeOrder", $"{ticket} sent {ticket.Attempt.SentAt} shows {part}, older than version {points.Count}");
            var isApplied = applied.TryGetValue(ticket.Attempt.Operation.Id, out var own);
            Demand(
                answer.Refusal is null || !isApplied || point.Position < own.Position,
                "RefusedForItself", $"{ticket} shows {part} though {own} is applied");
            Learn(ticket, part[..at], point.State.Amount);
        }
    }

    private void Learn(Ticket ticket, string grain, long amount)
    {
        var offer = ticket.Attempt.Operation.Second;
        if (offer.Kind == ToyGrains.Offer && grain == offer.ToString())
        {
            spent[(ticket.Client, offer)] = amount;
        }
    }

    private List<Point> PointsOf(string grain)
    {
        if (!grains.TryGetValue(grain, out var points))
        {
            grains[grain] = points = [];
        }

        return points;
    }

    private static void Demand(bool holds, string law, object detail)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(law, detail.ToString()!);
        }
    }

    private sealed record Point(ToyState State, long Position, long Time);
}
