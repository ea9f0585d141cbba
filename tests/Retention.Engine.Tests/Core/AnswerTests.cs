using NodaTime;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using static Retention.Engine.Ports.CommitVerdict;
using static Retention.Engine.Tests.Core.Counter;

namespace Retention.Engine.Tests.Core;

public sealed class AnswerTests
{
    private readonly Bench bench = new();

    [Fact]
    public void A_reply_leaves_when_its_commit_is_durable_and_not_before()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Flush();

        Assert.Equal("", bench["add"]);
        bench.Judge();
        Assert.Equal("5", bench["add"]);
        Assert.Equal(1, bench.Answers["add"].Position);
    }

    [Fact]
    public void What_came_first_and_is_decided_last_is_not_recorded_before_what_it_follows()
    {
        bench.Ask("waits", Add("r1", 5, A, B));
        bench.Tell(new Loaded(bench.Loads.Dequeue(), bench.Stored(A), 0));
        bench.Now += Duration.FromSeconds(1);
        bench.Ask("comes later", Add("r2", 1, A));
        bench.Fetch();
        bench.Flush();

        var recorded = bench.Batch!.Select(commit => commit.RecordedAt).ToArray();
        bench.Judge();

        Assert.Equal("6 5", bench["waits"]);
        Assert.Equal([bench.Now, bench.Now], recorded);
    }

    [Fact]
    public void A_grain_that_is_written_often_counts_in_memory_for_its_state_and_not_for_all_its_facts()
    {
        const int times = 4_000;
        for (var i = 0; i < times; i++)
        {
            bench.Ask($"{i}", Add($"r{i}", 1, A));
            if (i % 1_000 == 0) bench.Settle();
        }

        bench.Settle();

        Assert.Equal($"{times}", bench[$"{times - 1}"]);
        Assert.InRange(bench.Core.ActiveBytes, 1, 17_000);
    }

    [Fact]
    public void A_state_that_the_decision_folded_itself_is_taken_where_the_grain_stands_as_it_was_seen()
    {
        bench.Ask("own", Of("r1", 5, turn => Brings(turn.State<Count>(A), 1_005)));
        bench.Ask("other", Of("r2", 5, _ => Brings(new Count(7), 2_000)));
        bench.Ask("second", Of("r3", 5, turn => Brings(turn.State<Count>(A), 3_000).Change(A, 5L, turn.State<Count>(A), new Count(9))));
        bench.Ask("read", Read(A));
        bench.Settle();

        // 1,005 was brought; five more on it were folded by the engine; then 3,000 was brought, and five more folded.
        Assert.Equal("3005", bench["read"]);

        static Decision Brings(Count seen, long folded) => Decision.With("").Change(A, 5L, seen, new Count(folded));
    }

    [Fact]
    public void A_state_that_was_folded_from_another_than_the_grain_has_is_folded_again()
    {
        bench.Ask("add", Of("r1", 5, _ => Decision.With("").Change(A, 5L, new Count(0), new Count(9))));
        bench.Ask("read", Read(A));
        bench.Settle();

        Assert.Equal("5", bench["read"]);
    }

    [Fact]
    public void A_read_waits_for_the_commit_whose_state_it_shows()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Flush();

        bench.Ask("read", Read(A));
        Assert.Equal("", bench["read"]);
        bench.Judge();
        Assert.Equal("5", bench["read"]);
    }

    [Fact]
    public void A_refusal_waits_for_the_commit_on_which_it_was_decided()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Ask("take", Add("r2", -6, A));
        bench.Flush();

        Assert.Equal("", bench["take"]);
        bench.Judge();
        Assert.Equal("InsufficientPoints", bench["take"]);
    }

    [Fact]
    public void An_answer_names_a_position_that_includes_what_was_loaded()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Settle();
        var restarted = new Bench { Head = 7 };

        restarted.Ask("read", Read(A));
        restarted.Fetch();

        Assert.Equal(7, restarted.Answers["read"].Position);
    }

    [Fact]
    public void A_turn_over_grains_that_are_not_in_memory_is_decided_again_when_they_are()
    {
        bench.Ask("both", Of("r1", 0, turn => turn.State<Count>(A).Value + turn.State<Count>(B).Value == 0 && turn.IsComplete
            ? Decision.With("empty")
            : throw new InvalidOperationException("decided over what is not there")));
        bench.Settle();

        Assert.Equal("empty", bench["both"]);
        Assert.Empty(bench.Failed);
    }

    [Fact]
    public void A_broken_invariant_fails_its_asker_and_nobody_else()
    {
        bench.Ask("broken", Of("r1", 0, _ => throw new InvalidOperationException("broken")));
        bench.Ask("add", Add("r2", 1, A));
        bench.Settle();

        Assert.Equal(["broken: broken"], bench.Failed);
        Assert.Equal("1", bench["add"]);
        Assert.Equal(0, bench.Core.Turns);
    }

    [Fact]
    public void More_turns_than_the_limit_are_refused_at_once()
    {
        var small = new Bench(new EngineLimits { MaxTurns = 1 });
        small.Ask("first", Add("r1", 1, A));
        small.Ask("second", Add("r2", 1, A));

        Assert.Equal("Overloaded", small["second"]);
        small.Settle();
        Assert.Equal("1", small["first"]);
    }

    [Fact]
    public void A_full_store_refuses_and_later_works_again()
    {
        bench.Ask("first", Add("r1", 1, A));
        bench.Fetch();
        bench.Flush();
        bench.Judge(Full);
        Assert.Equal("StorageFull", bench["first"]);

        bench.Ask("again", Add("r1", 1, A));
        bench.Settle();
        Assert.Equal("1", bench["again"]);
    }

    [Fact]
    public void What_cannot_be_loaded_now_is_unavailable_and_later_works()
    {
        bench.Ask("first", Add("r1", 1, A));
        bench.Tell(new Engine.Core.LoadFailed(bench.Loads.Dequeue()));
        Assert.Equal("StorageUnavailable", bench["first"]);

        bench.Ask("again", Add("r1", 1, A));
        bench.Settle();
        Assert.Equal("1", bench["again"]);
    }

    [Fact]
    public void An_idle_grain_leaves_memory_and_keeps_a_snapshot_when_many_facts_stand_behind_it()
    {
        var bench = new Bench(new EngineLimits { FactsPerIdleSnapshot = 2 });
        bench.Ask("add", Add("r1", 3, A));
        bench.Ask("more", Add("r2", 4, A));
        bench.Settle();

        bench.Now += Duration.FromMinutes(11);
        bench.Tell(new Engine.Core.Ticked());

        Assert.Equal(0, bench.Core.Activations);
        var snapshot = Assert.Single(bench.Snapshots);
        Assert.Equal((A, 2L, 7L), (snapshot.Grain, snapshot.Version, BitConverter.ToInt64(snapshot.State.Span)));
    }

    [Fact]
    public void An_idle_grain_with_few_facts_behind_it_is_not_worth_a_snapshot()
    {
        var bench = new Bench(new EngineLimits { FactsPerIdleSnapshot = 2 });
        bench.Ask("add", Add("r1", 3, A));
        bench.Settle();

        bench.Now += Duration.FromMinutes(11);
        bench.Tell(new Engine.Core.Ticked());

        Assert.Equal(0, bench.Core.Activations);
        Assert.Empty(bench.Snapshots);
    }

    [Fact]
    public void A_grain_with_a_commit_under_way_stays_in_memory_however_idle()
    {
        bench.Ask("add", Add("r1", 3, A));
        bench.Fetch();
        bench.Flush();

        bench.Now += Duration.FromMinutes(11);
        bench.Tell(new Engine.Core.Ticked());

        Assert.Equal(1, bench.Core.Activations);
        Assert.Empty(bench.Snapshots);
    }

    [Fact]
    public void Turns_over_more_grains_than_fit_in_memory_come_to_an_end()
    {
        var small = new Bench(new EngineLimits { MaxActive = 1 });
        small.Ask("one", Add("r1", 1, A, B));
        small.Ask("two", Add("r2", 1, B, C));
        for (var step = 0; step < 20 && small.Loads.Count > 0; step++)
        {
            small.Tell(new Engine.Core.Loaded(small.Loads.Peek(), small.Stored(small.Loads.Dequeue()), 0));
        }

        Assert.Empty(small.Loads);
        small.Settle();
        Assert.Equal(("1 1", "2 1"), (small["one"], small["two"]));
    }
}
