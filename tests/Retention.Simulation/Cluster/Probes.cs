using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Toy;

namespace Retention.Simulation.Cluster;

/// <summary>Watches what reaches one node for the rare states that the simulation must get to. Changes nothing.</summary>
internal sealed class Probes(Run run, int node)
{
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);
    private ShardInput? current;
    private bool wasUnknown;

    public void OnStart() => asked.Clear();

    public void OnInput(ShardInput input)
    {
        current = input;
        switch (input)
        {
            case Asked { Ticket: Ticket ticket }:
                run.Coverage.SometimesIf(
                    !asked.Add(ticket.Attempt.Operation.Id), "a duplicate arrives while the first is under way");
                break;
            case JudgedUnknown:
                wasUnknown = true;
                run.Coverage.Sometimes("an outcome is unknown");
                break;
            case Judged judged:
                var isConflict = judged.Results.Any(result => result.Verdict == CommitVerdict.Conflict);
                run.Coverage.SometimesIf(wasUnknown && isConflict, "a conflict while an outcome is unknown");
                wasUnknown = false;
                break;
            case EffectArrived arrived:
                OnEffect(arrived.Effect);
                break;
            case ReminderFellDue due:
                OnReminder(due.Reminder.Grain);
                break;
            default:
                break;
        }
    }

    public void OnReply(Ticket ticket, Answer answer)
    {
        asked.Remove(ticket.Attempt.Operation.Id);
        run.Coverage.SometimesIf(
            ticket.Attempt.Operation.IsRead && current is Judged && !run.Swarm.SharedStore,
            "a read waits for a commit under way");
        run.Coverage.SometimesIf(answer.Repeated && ticket.Life > 1, "a reply is repeated after a crash");
    }

    private void OnEffect(SentEffect effect)
    {
        var inbox = new GrainId(effect.To, GrainId.InboxKind, effect.From.Value);
        var received = run.Store.VersionOf(inbox);
        run.Coverage.SometimesIf(effect.Sequence > received + 1, "an effect arrives before an earlier one");
        if (effect.Sequence > received)
        {
            run.Coverage.SometimesIf(
                run.Holders.TryGetValue((inbox, effect.Sequence), out var holder) && holder != node,
                "two nodes hold the same effect");
            run.Holders[(inbox, effect.Sequence)] = node;
        }
    }

    private void OnReminder(GrainId grain)
    {
        var coupon = run.History.StateOf(grain, run.Store.VersionOf(grain));
        var clock = ToyGrains.ClockOf(grain.Partition);
        run.Coverage.SometimesIf(
            coupon.Status == CouponStatus.Open && run.History.StateOf(clock, run.Store.VersionOf(clock)).At < coupon.At,
            "a reminder wakes a coupon too early");
    }
}
