using System.Text;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Cluster;
using Retention.Simulation.Runs;
using Retention.Simulation.Toy;

namespace Retention.Simulation.Checks;

/// <summary>
/// A naive second set of books, kept from the journal alone and closed after every commit.
/// It shares no arithmetic with the toy domain's states.
/// </summary>
public sealed partial class Books(Run run)
{
    private readonly Dictionary<GrainId, long> versions = [];
    private readonly Dictionary<GrainId, long> sums = [];
    private readonly Dictionary<GrainId, long> counts = [];
    private readonly Dictionary<GrainId, Coupon> coupons = [];
    private readonly Dictionary<PartitionId, long> clocks = [];
    private readonly HashSet<GrainId> conflicts = [];
    private readonly Dictionary<(PartitionId From, PartitionId To), Queue<(string Name, string Payload)>> inFlight = [];
    private readonly Dictionary<PartitionId, Tally> tallies = [];
    private readonly Dictionary<PartitionId, long> tills = [];

    public int OpenCoupons => coupons.Values.Count(coupon => coupon.Status == CouponStatus.Open);

    /// <summary>Coupons that no clock would end yet.</summary>
    public int GoodCoupons => coupons.Count(entry =>
        entry.Value.Status == CouponStatus.Open && clocks.GetValueOrDefault(entry.Key.Partition) < entry.Value.Until);

    public int EffectsInFlight => inFlight.Values.Sum(edge => edge.Count);

    public void OnCommitted(JournalRecord record)
    {
        var sent = new List<(PartitionId To, string Name, string Payload)>();
        var opened = new List<GrainId>();
        (PartitionId From, string Name, string Payload)? received = null;
        foreach (var write in record.Writes)
        {
            Demand(write.Grain.Partition == record.Partition, "OnePartition", write.Grain);
            Demand(
                versions.GetValueOrDefault(write.Grain) == write.ExpectedVersion, "ContiguousVersions",
                $"{write.Grain} was {versions.GetValueOrDefault(write.Grain)}, not {write.ExpectedVersion}");
            versions[write.Grain] = write.NewVersion;
            foreach (var bytes in write.Facts)
            {
                switch (write.Grain.Kind)
                {
                    case GrainId.OutboxKind:
                        sent.Add(Sent(write.Grain, bytes));
                        break;
                    case GrainId.InboxKind:
                        received = Received(write.Grain);
                        break;
                    default:
                        Enter(write.Grain, ToyKind.Fact(bytes.Span), opened);
                        break;
                }
            }
        }

        if (received is { } effect)
        {
            CheckIssue(record.Partition, effect, opened, sent);
        }
        else
        {
            Demand(opened.Count == 0, "CouponsComeFromEffects", record.Position);
        }

        Close();
    }

    private (PartitionId To, string Name, string Payload) Sent(GrainId outbox, ReadOnlyMemory<byte> bytes)
    {
        var (name, raw) = EffectCodec.Decode(bytes);
        var payload = Encoding.UTF8.GetString(raw.Span);
        var to = new PartitionId(outbox.Key);
        Demand(!payload.Contains('!', StringComparison.Ordinal), "NoCustomerLeavesItsTenant", payload);
        EdgeOf(outbox.Partition, to).Enqueue((name, payload));
        Flow(outbox.Partition, to, name, payload, +1);
        return (to, name, payload);
    }

    private (PartitionId From, string Name, string Payload) Received(GrainId inbox)
    {
        var from = new PartitionId(inbox.Key);
        Demand(EdgeOf(from, inbox.Partition).TryDequeue(out var effect), "EffectsOnce", $"{inbox} took what was not sent");
        Flow(from, inbox.Partition, effect.Name, effect.Payload, -1);
        return (from, effect.Name, effect.Payload);
    }

    /// <summary>An issue effect opens its coupon, or sends its value back when there is no room.</summary>
    private void CheckIssue(
        PartitionId at, (PartitionId From, string Name, string Payload) effect, List<GrainId> opened,
        List<(PartitionId To, string Name, string Payload)> sent)
    {
        if (effect.Name != ToyTurns.Issue)
        {
            Demand(opened.Count == 0, "CouponsComeFromEffects", $"{at} {effect}");
            return;
        }

        var parts = effect.Payload.Split('|');
        var isOpened = opened.Count == 1 && opened[0].Key == parts[0];
        var isSentBack = opened.Count == 0 && sent.Contains((effect.From, ToyTurns.Released, parts[1]));
        Demand(isOpened || isSentBack, "EffectsOnce", $"{at} {effect}");
        run.Coverage.SometimesIf(isSentBack, "an issue finds no room");
    }

    private void Flow(PartitionId from, PartitionId to, string name, string payload, int sign)
    {
        switch (name)
        {
            case ToyTurns.Issue:
                TallyOf(to).InFlight += sign * long.Parse(payload.Split('|')[1]);
                break;
            case ToyTurns.Released:
                TallyOf(from).InFlight += sign * long.Parse(payload);
                break;
            case ToyTurns.Credit:
                tills[to] = tills.GetValueOrDefault(to) + (sign * long.Parse(payload));
                break;
            default:
                break;
        }
    }

    private void Enter(GrainId grain, ToyFact fact, List<GrainId> opened)
    {
        var tenant = grain.Partition.IsTenant ? grain.Partition.OwnerId[0] : fact.Tag[0];
        Demand(fact.Tag[0] == tenant || fact.Tag == "effect", "TenantsStayApart", $"{grain} {fact}");
        Demand(
            grain.Partition.IsTenant || !fact.Tag.Contains('!', StringComparison.Ordinal), "NoCustomerLeavesItsTenant", grain);
        if (grain.Kind == ToyGrains.Clock)
        {
            Demand(fact.At >= clocks.GetValueOrDefault(grain.Partition), "ClocksGoForward", grain);
            clocks[grain.Partition] = fact.At;
        }
        else if (grain.Kind == ToyGrains.Coupon)
        {
            EnterCoupon(grain, fact, opened);
        }
        else if (grain.Kind == ToyGrains.Conflict)
        {
            EnterConflict(grain, fact);
        }
        else if (grain.Kind is ToyGrains.Use or ToyGrains.Rate or ToyGrains.Counter)
        {
            EnterLines(grain, fact);
        }
        else if (fact.Verb is ToyVerb.Added or ToyVerb.Counted)
        {
            sums[grain] = sums.GetValueOrDefault(grain) + fact.Amount;
            counts[grain] = counts.GetValueOrDefault(grain) + 1;
            EnterAmount(grain, fact.Amount);
        }
    }

    private void EnterAmount(GrainId grain, long amount)
    {
        switch (grain.Kind)
        {
            case ToyGrains.Purse:
                Demand(sums[grain] >= 0, "NoNegativePurse", $"{grain} {sums[grain]}");
                if (grain.Key == "till")
                {
                    tills[grain.Partition] = tills.GetValueOrDefault(grain.Partition) + amount;
                }

                break;
            case ToyGrains.Offer when grain.Partition.IsTenant:
                Demand(sums[grain] <= ToyGrains.OfferBudget, "BudgetIsKept", $"{grain} {sums[grain]}");
                Demand(counts[grain] <= ToyGrains.OfferLimit, "LimitIsKept", $"{grain} {counts[grain]}");
                break;
            case ToyGrains.Offer:
                Demand(counts[grain] <= ToyGrains.JointLimit, "LimitIsKept", $"{grain} {counts[grain]}");
                break;
            case ToyGrains.Reserve:
                TallyOf(grain.Partition.IsTenant ? PartitionId.Agreement(grain.Key) : grain.Partition).Reserved += amount;
                break;
            default:
                TallyOf(grain.Partition).Positions += amount;
                TallyOf(grain.Partition).OfFirst += grain.Key[0] == grain.Partition.OwnerId[0] ? amount : 0;
                break;
        }
    }

    private void EnterCoupon(GrainId grain, ToyFact fact, List<GrainId> opened)
    {
        coupons.TryGetValue(grain, out var coupon);
        var clock = clocks.GetValueOrDefault(grain.Partition);
        if (fact.Verb == ToyVerb.Opened)
        {
            Demand(coupon is null, "CouponOnce", $"{grain} is issued again");
            coupons[grain] = new Coupon(fact.Amount, CouponStatus.Open, fact.At);
            opened.Add(grain);
            return;
        }

        Demand(coupon is not null, "CouponOnce", $"{grain} {fact} before its issue");
        if (fact.Verb == ToyVerb.Extended)
        {
            Demand(coupon!.Status == CouponStatus.Open && clock < coupon.Until, "ExpiryByAgreementClock", $"{grain} {fact}");
            coupons[grain] = coupon with { Until = fact.At };
            return;
        }

        var expected = fact.Amount == CouponStatus.Reversed ? CouponStatus.Redeemed : CouponStatus.Open;
        Demand(coupon!.Status == expected, "CouponOnce", $"{grain} goes from {coupon.Status} to {fact.Amount}");
        coupons[grain] = coupon with { Status = fact.Amount };
        Settle(grain, fact.Amount, coupon, clock);
    }

    /// <summary>A till gave what nothing was left of: once, and never while the coupon was good.</summary>
    private void EnterConflict(GrainId grain, ToyFact fact)
    {
        var coupon = coupons.GetValueOrDefault(new GrainId(grain.Partition, ToyGrains.Coupon, grain.Key));
        Demand(conflicts.Add(grain) && coupon?.Value == fact.Amount, "CaptureOnce", grain);
        var isGood = coupon!.Status == CouponStatus.Open && clocks.GetValueOrDefault(grain.Partition) < coupon.Until;
        Demand(!isGood, "ConflictOnlyWhenUsed", grain);
        run.Coverage.Sometimes("a capture comes too late");
    }

    private void Settle(GrainId grain, long status, Coupon coupon, long clock)
    {
        var tally = TallyOf(grain.Partition);
        var issuedByFirst = grain.Key[0] == grain.Partition.OwnerId[0];
        if (status == CouponStatus.Redeemed)
        {
            Demand(clock < coupon.Until, "ExpiryByAgreementClock", $"{grain} redeemed at {clock}, good until {coupon.Until}");
            var redeemer = PartitionId.Tenant(ToyGrains.Partner(grain.Partition, grain.Key));
            tills[redeemer] = tills.GetValueOrDefault(redeemer) - coupon.Value;
            tally.Redeemed += coupon.Value;
            tally.OwedToFirst += issuedByFirst ? -coupon.Value : coupon.Value;
        }
        else if (status == CouponStatus.Reversed)
        {
            var rest = TakeRest(grain, coupon.Value);
            tally.Redeemed -= rest;
            tally.OwedToFirst -= issuedByFirst ? -rest : rest;
        }
        else if (status == CouponStatus.Voided)
        {
            run.Coverage.Sometimes("a coupon is voided after a return");
        }
        else
        {
            run.Coverage.Sometimes("a coupon expires by reminder");
            Demand(clock >= coupon.Until, "ExpiryByAgreementClock", $"{grain} expired at {clock}, good until {coupon.Until}");
        }
    }

    private void Close()
    {
        foreach (var (agreement, tally) in tallies)
        {
            Demand(tally.Positions == 0, "PositionsSumToZero", $"{agreement} {tally}");
            Demand(tally.OfFirst == tally.OwedToFirst, "PositionsAreWhatWasRedeemed", $"{agreement} {tally}");
            CloseCounter(agreement);
            Demand(tally.Reserved + tally.InFlight + tally.Redeemed == 0, "ReservesPlusInFlight", $"{agreement} {tally}");
        }

        foreach (var (tenant, difference) in tills)
        {
            Demand(difference == 0, "TillsPlusInFlight", $"{tenant} {difference}");
        }
    }

    private Queue<(string Name, string Payload)> EdgeOf(PartitionId from, PartitionId to)
    {
        if (!inFlight.TryGetValue((from, to), out var edge))
        {
            inFlight[(from, to)] = edge = [];
        }

        return edge;
    }

    private Tally TallyOf(PartitionId agreement)
    {
        if (!tallies.TryGetValue(agreement, out var tally))
        {
            tallies[agreement] = tally = new Tally();
        }

        return tally;
    }

    private void Demand(bool holds, string law, object detail)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(law, $"{detail} at position {run.Store.Head}");
        }
    }

    private sealed record Coupon(long Value, long Status, long Until);

    private sealed record Tally
    {
        public long Reserved { get; set; }

        public long InFlight { get; set; }

        public long Redeemed { get; set; }

        public long Positions { get; set; }

        public long OfFirst { get; set; }

        public long OwedToFirst { get; set; }
    }
}
