using NodaTime;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using static Retention.Engine.Ports.CommitVerdict;
using static Retention.Engine.Tests.Core.Counter;

namespace Retention.Engine.Tests.Core;

/// <summary>What a node reads again, and what not, when others write the same grains; and what it hears of them in time.</summary>
public sealed class OtherNodesTests
{
    private readonly Bench bench = new(new EngineLimits { SharedStore = true, MaxAttempts = 3, MaxHeldFor = Duration.FromSeconds(2) });

    public OtherNodesTests()
    {
        ByAnotherNode(A, 1);
        ByAnotherNode(B, 1);
        bench.Ask("both", Read(A, B));
        bench.Settle();
    }

    [Fact]
    public void A_conflict_reads_the_stale_grain_only_and_of_it_what_has_come_since()
    {
        bench.Ask("add", AddIfAtMost("r1", 5, A, B, 9));
        bench.Flush();
        ByAnotherNode(A, 7);
        bench.Stale = new HashSet<GrainId> { A };
        bench.Judge(Conflict);

        Assert.Equal([A], bench.Loads);
        Assert.Equal(1, bench.KnownVersion);
        bench.Settle();
        Assert.Equal("13", bench["add"]);
    }

    [Fact]
    public void A_conflict_over_what_a_turn_reads_leaves_what_it_writes()
    {
        bench.Ask("add", AddIfAtMost("r1", 5, A, B, 9));
        bench.Flush();
        ByAnotherNode(B, 2);
        bench.Stale = new HashSet<GrainId> { B };
        bench.Judge(Conflict);

        Assert.Equal([B], bench.Loads);
        bench.Settle();
        Assert.Equal("6", bench["add"]);
    }

    [Fact]
    public void What_was_built_on_a_commit_in_conflict_goes_on_from_what_the_store_holds_without_reading()
    {
        bench.Ask("first", Add("r1", 5, A, B));
        bench.Flush();
        bench.Ask("second", Add("r2", 5, A));
        bench.Stale = new HashSet<GrainId>();
        bench.Judge(Conflict);

        Assert.Empty(bench.Loads);
        bench.Settle();
        Assert.Equal(("6 6", "11"), (bench["first"], bench["second"]));
    }

    [Fact]
    public void A_turn_that_waits_for_another_nodes_turn_has_failed_no_attempt()
    {
        bench.Ask("add", Add("r1", 5, A));
        Held(times: 10);
        Assert.Equal("", bench["add"]);

        bench.Now += Duration.FromSeconds(2);
        Held(times: 2);
        Assert.Equal("", bench["add"]);
        Held(times: 1);
        Assert.Equal("TooManyConflicts", bench["add"]);
    }

    [Fact]
    public void A_commit_heard_of_in_time_costs_neither_a_conflict_nor_a_load()
    {
        Hear(ByAnotherNode(A, 7));
        bench.Ask("add", Add("r1", 5, A));
        bench.Flush();
        bench.Judge();

        Assert.Equal(("13", 0L), (bench["add"], bench.Core.ConflictsSeen));
    }

    [Fact]
    public void Commits_heard_of_twice_or_late_or_with_a_gap_change_nothing()
    {
        var (second, third, fourth) = (ByAnotherNode(A, 7), ByAnotherNode(A, 20), ByAnotherNode(A, 300));
        Hear(fourth, second, second, fourth);
        bench.Ask("add", Add("r1", 5, A));
        bench.Settle();
        Hear(third, second);
        bench.Ask("again", Add("r2", 5, A));
        bench.Settle();

        Assert.Equal(("333", "338"), (bench["add"], bench["again"]));
    }

    [Fact]
    public void What_a_write_under_way_has_made_of_a_grain_is_left_alone()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Flush();
        Hear(ByAnotherNode(A, 7));
        bench.Ask("again", Add("r2", 5, A));
        bench.Settle();

        Assert.Equal(18, ((Count)bench.Stored(A).State).Value);
        Assert.Equal(["13", "18"], new[] { bench["add"], bench["again"] }.Order());
    }

    [Fact]
    public void A_read_decided_before_a_commit_was_heard_of_is_decided_again_on_it()
    {
        bench.Ask("read", Read(A));
        Hear(ByAnotherNode(A, 7));
        bench.Flush();
        bench.Stale = new HashSet<GrainId> { A };
        bench.Judge();

        Assert.Empty(bench.Loads);
        bench.Settle();
        Assert.Equal("8", bench["read"]);
    }

    [Fact]
    public void A_store_that_lost_what_it_was_known_to_hold_is_read_whole()
    {
        bench.Stale = new HashSet<GrainId> { A };
        bench.Ask("add", Add("r1", 5, A));
        bench.Flush();
        bench.Judge(Conflict);
        Assert.Equal(1, bench.KnownVersion);
        bench.Fetch();
        bench.Flush();
        bench.Judge(Conflict);

        Assert.Equal([A], bench.Loads);
        Assert.Equal(0, bench.KnownVersion);
    }

    private JournalRecord ByAnotherNode(GrainId grain, long amount)
    {
        var write = new GrainWrite(grain, bench.Stored(grain).Version, [BitConverter.GetBytes(amount)]);
        Assert.True(bench.Apply(new Commit(grain.Partition, bench.Now, [write], [], null, [])));
        return new JournalRecord(bench.Head, grain.Partition, bench.Now, [write], null, []);
    }

    private void Hear(params JournalRecord[] records) => bench.Tell(new CommitsSeen(records));

    private void Held(int times)
    {
        bench.Stale = new HashSet<GrainId>();
        for (var time = 0; time < times; time++)
        {
            bench.Fetch();
            bench.Flush();
            bench.Judge(Conflict);
        }
    }
}
