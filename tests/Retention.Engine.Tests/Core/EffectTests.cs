using NodaTime;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using static Retention.Engine.Tests.Core.Counter;

namespace Retention.Engine.Tests.Core;

public sealed class EffectTests
{
    private readonly Bench bench = new();

    private long Received => ((Count)bench.Stored(A).State).Value;

    [Fact]
    public void An_effect_leaves_when_its_commit_is_durable()
    {
        bench.Ask("one", Send("r1", "a", 1));
        bench.Ask("two", Send("r2", "a", 2));
        bench.Fetch();
        bench.Flush();
        Assert.Empty(bench.Delivered);
        bench.Judge();

        Assert.Equal([1, 2], bench.Delivered);
        Assert.Equal(2, bench.Stored(new GrainId(Acme, GrainId.OutboxKind, Other.Value)).Version);
    }

    [Fact]
    public void An_effect_that_arrives_again_and_again_applies_once()
    {
        bench.Tell(new EffectArrived(Effect(1, amount: 5)));
        bench.Tell(new EffectArrived(Effect(1, amount: 5)));
        bench.Settle();
        bench.Tell(new EffectArrived(Effect(1, amount: 5)));
        bench.Settle();

        Assert.Equal(5, Received);
        Assert.Equal(0, bench.Core.Turns);
    }

    [Fact]
    public void Effects_apply_in_the_order_in_which_they_were_sent()
    {
        var order = new List<long>();
        foreach (var sequence in new long[] { 3, 1, 2 })
        {
            bench.Tell(new EffectArrived(Effect(sequence, amount: sequence)));
            bench.Settle();
            order.Add(Received);
        }

        Assert.Equal([0, 1, 6], order);
    }

    [Fact]
    public void A_refused_effect_is_spent()
    {
        bench.Tell(new EffectArrived(Effect(1, "refuse")));
        bench.Tell(new EffectArrived(Effect(2, amount: 7)));
        bench.Settle();

        Assert.Equal(7, Received);
    }

    [Fact]
    public void Effects_whose_commit_failed_apply_once_and_in_order_all_the_same()
    {
        bench.Tell(new EffectArrived(Effect(1, amount: 1)));
        bench.Tell(new EffectArrived(Effect(2, amount: 2)));
        bench.Fetch();
        bench.Flush();
        bench.JudgeUnknown(isApplied: true);
        bench.Settle();

        Assert.Equal(3, Received);
        Assert.Equal(2, bench.Stored(A).Version);
    }

    [Fact]
    public void A_full_edge_takes_the_effect_that_the_others_wait_for()
    {
        var small = new Bench(new EngineLimits { MaxWaitingPerEdge = 1 });
        small.Tell(new EffectArrived(Effect(1)));
        small.Settle();
        small.Tell(new EffectArrived(Effect(4)));
        small.Tell(new EffectArrived(Effect(3)));
        small.Tell(new EffectArrived(Effect(2)));
        small.Settle();
        small.Tell(new EffectArrived(Effect(3)));
        small.Settle();

        Assert.Equal(3, ((Count)small.Stored(A).State).Value);
    }

    [Fact]
    public void An_effect_delivered_often_while_its_grain_loads_is_one_turn()
    {
        for (var time = 0; time < 10; time++)
        {
            bench.Tell(new EffectArrived(Effect(1)));
        }

        Assert.Equal(1, bench.Core.Turns);
    }

    [Fact]
    public void An_effect_whose_grain_cannot_be_loaded_waits_for_the_next_tick()
    {
        bench.Tell(new EffectArrived(Effect(1)));
        bench.Tell(new LoadFailed(bench.Loads.Dequeue()));
        Assert.Empty(bench.Loads);

        bench.Tell(new Ticked());
        bench.Settle();

        Assert.Equal(1, Received);
    }

    [Theory]
    [InlineData("add", null)]
    [InlineData("refuse", null)]
    [InlineData("again", 1)]
    public void A_reminder_that_fired_is_spent_unless_it_is_set_anew(string name, int? daysLater)
    {
        var due = new Reminder(A, name, bench.Now);
        bench.Tell(new ReminderFellDue(due));
        bench.Tell(new ReminderFellDue(due));
        bench.Fetch();
        bench.Flush();

        var commit = Assert.Single(bench.Batch!);
        var next = daysLater is { } days ? bench.Now + Duration.FromDays(days) : (Instant?)null;
        Assert.Equal([new ReminderChange(A, name, next)], commit.Reminders);
        bench.Judge();
        Assert.Equal(0, bench.Core.Turns);
    }
}
