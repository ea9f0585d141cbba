using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using static Retention.Engine.Ports.CommitVerdict;
using static Retention.Engine.Tests.Core.Counter;

namespace Retention.Engine.Tests.Core;

public sealed class FailedCommitTests
{
    private readonly Bench bench = new();

    [Fact]
    public void A_conflict_is_decided_again_from_what_the_store_holds()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Flush();
        ByAnotherNode(A, 100);
        bench.Judge();
        Assert.Equal("", bench["add"]);
        bench.Settle();

        Assert.Equal("105", bench["add"]);
    }

    [Fact]
    public void What_was_built_on_a_failed_commit_is_decided_again_and_applies_once()
    {
        bench.Ask("one", Add("r1", 5, A));
        bench.Fetch();
        bench.Flush();
        bench.Ask("two", Add("r2", 1, A));
        bench.Judge(Conflict);
        bench.Settle();

        Assert.Equal(("6", "1"), (bench["one"], bench["two"]));
        Assert.Equal(2, bench.Stored(A).Version);
    }

    [Fact]
    public void What_was_built_on_a_batch_that_held_is_given_out_at_once()
    {
        bench.Ask("one", Add("r1", 5, A));
        bench.Fetch();
        bench.Flush();
        bench.Ask("two", Add("r2", 1, A));
        bench.Judge();

        Assert.Equal(("5", ""), (bench["one"], bench["two"]));
        Assert.Equal(2, Assert.Single(bench.Batch!).Writes[0].NewVersion);
        bench.Judge();
        Assert.Equal("6", bench["two"]);
    }

    [Fact]
    public void What_was_gathered_beside_a_commit_that_failed_is_not_given_out_before_all_doubt_is_gone()
    {
        bench.Ask("one", Add("r1", 5, A));
        bench.Ask("other", Add("r2", 7, B));
        bench.Fetch();
        bench.Flush();
        bench.Ask("two", Add("r3", 1, A));
        bench.Judge(Conflict);

        Assert.Null(bench.Batch);
        bench.Settle();
        Assert.Equal(("7", 2L), (bench["other"], bench.Stored(A).Version));
    }

    [Fact]
    public void A_read_that_waits_for_a_commit_that_fails_is_decided_again()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Flush();
        bench.Ask("read", Read(A));
        bench.Judge(Full);
        bench.Settle();

        Assert.Equal(("StorageFull", "0"), (bench["add"], bench["read"]));
    }

    [Fact]
    public void Doubt_about_one_write_reaches_the_earlier_writes_of_the_same_grain_that_were_not_given_out()
    {
        bench.Ask("load", Read(A, B));
        bench.Fetch();
        bench.Ask("fails", Add("r1", 5, A));
        bench.Flush();
        bench.Ask("before", Add("r2", 1, B));
        bench.Ask("builds", Of("r3", 0, turn => turn.State<Count>(B).Value + turn.State<Count>(A).Value > 5
            ? Decision.With("built").Change(A, 1L).Change(B, 1L)
            : Refusal.Because(RefusalReason.LimitReached)));
        bench.Judge(Full);
        bench.Settle();
        bench.Ask("read", Read(B));
        bench.Settle();

        Assert.Equal(("1", "1"), (bench["before"], bench["read"]));
    }

    [Fact]
    public void A_read_shows_a_commit_under_way_though_another_turn_that_only_looked_at_its_grain_failed()
    {
        bench.Ask("load", Read(A, B));
        bench.Fetch();
        bench.Ask("looks", AddIfAtMost("r1", 1, A, B, 100));
        bench.Flush();
        bench.Ask("writes", Add("r2", 7, B));
        bench.Judge(Full);
        bench.Ask("early read", Read(B));
        bench.Fetch();
        bench.Flush();
        bench.Judge();
        bench.Ask("read", Read(B));
        bench.Settle();

        Assert.Equal(("7", "7", "7"), (bench["writes"], bench["early read"], bench["read"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_unknown_outcome_is_settled_by_looking_the_request_up(bool isApplied)
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Flush();
        bench.JudgeUnknown(isApplied);
        bench.Settle();

        Assert.Equal("5", bench["add"]);
        Assert.Equal(isApplied, bench.Answers["add"].Repeated);
        Assert.Equal(1, bench.Stored(A).Version);
    }

    [Fact]
    public void No_answer_shows_what_an_unknown_outcome_left_in_memory()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Flush();
        bench.Ask("read", Read(A));
        bench.JudgeUnknown(isApplied: false);
        bench.Fetch();
        bench.Flush();
        bench.Judge(Full);
        bench.Settle();

        Assert.Equal("0", bench["read"]);
    }

    [Fact]
    public void Giving_up_after_an_unknown_outcome_does_not_say_no()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Flush();
        bench.JudgeUnknown(isApplied: true);
        bench.Tell(new LookFailed(bench.Looks.Dequeue()));

        Assert.Equal("OutcomeUnknown", bench["add"]);
    }

    [Fact]
    public void Too_many_conflicts_are_an_answer()
    {
        var patient = new Bench(new EngineLimits { MaxAttempts = 3 });
        patient.Ask("add", Add("r1", 5, A));
        for (var attempt = 0; attempt < 3; attempt++)
        {
            patient.Fetch();
            patient.Flush();
            patient.Judge(Conflict);
        }

        Assert.Equal("TooManyConflicts", patient["add"]);
        Assert.Equal(0, patient.Core.Turns);
    }

    [Fact]
    public void A_snapshot_of_a_decision_that_was_thrown_away_is_never_kept()
    {
        bench.Tell(new EffectArrived(Effect(1, amount: 5)));
        bench.Fetch();
        bench.Flush();
        bench.Tell(new SnapshotsAsked([A]));
        bench.Judge(Full);
        ByAnotherNode(A, 100);
        bench.Tell(new Ticked());
        bench.Settle();

        Assert.Equal(105, ((Count)bench.Stored(A).State).Value);
        Assert.Empty(bench.Snapshots);
    }

    [Fact]
    public void A_snapshot_waits_for_the_commit_whose_state_it_shows()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Tell(new SnapshotsAsked([A]));
        bench.Flush();
        Assert.Empty(bench.Snapshots);
        bench.Judge();

        Assert.Equal(1, Assert.Single(bench.Snapshots).Version);
    }

    private void ByAnotherNode(GrainId grain, long amount) => Assert.True(bench.Apply(new Commit(
        grain.Partition, bench.Now,
        [new GrainWrite(grain, bench.Stored(grain).Version, [BitConverter.GetBytes(amount)])], [], null, [])));
}
