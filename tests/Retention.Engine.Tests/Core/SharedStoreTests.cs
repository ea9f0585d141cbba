using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using static Retention.Engine.Tests.Core.Counter;

namespace Retention.Engine.Tests.Core;

/// <summary>Several nodes write one store: what is in memory may be old, and a batch given up may still arrive.</summary>
public sealed class SharedStoreTests
{
    private readonly Bench bench = new(new EngineLimits { SharedStore = true });

    [Fact]
    public void A_read_shows_what_another_node_has_written()
    {
        bench.Ask("before", Read(A));
        bench.Settle();
        ByAnotherNode(A, 5);
        bench.Ask("after", Read(A));
        bench.Settle();

        Assert.Equal(("0", "5"), (bench["before"], bench["after"]));
    }

    [Fact]
    public void A_refusal_is_decided_on_what_another_node_has_written()
    {
        bench.Ask("before", Read(A));
        bench.Settle();
        ByAnotherNode(A, 5);
        bench.Ask("take", Add("r1", -5, A));
        bench.Settle();

        Assert.Equal("0", bench["take"]);
    }

    [Fact]
    public void A_request_is_not_refused_for_what_its_copy_did_on_another_node()
    {
        ByAnotherNode(A, 5);
        bench.Ask("take", Add("r1", -5, A));
        Assert.True(bench.Apply(CommitOf(Add("r1", -5, A), version: 1)));
        bench.Settle();

        Assert.Equal("0", bench["take"]);
        Assert.True(bench.Answers["take"].Repeated);
    }

    [Fact]
    public void An_invariant_is_broken_over_the_newest_states_only()
    {
        bench.Ask("before", Read(B));
        bench.Settle();
        ByAnotherNode(A, 5);
        ByAnotherNode(B, 5);
        bench.Ask("both", Equal(A, B));
        bench.Settle();
        Assert.Equal(("equal", 0), (bench["both"], bench.Failed.Count));

        ByAnotherNode(B, 1);
        bench.Ask("broken", Equal(A, B));
        bench.Settle();
        Assert.Equal(["broken: 5 and 6"], bench.Failed);
    }

    [Fact]
    public void A_repeat_is_answered_from_the_ledger_when_its_commit_finds_the_key_taken()
    {
        bench.Ask("first", Add("r1", 5, A));
        bench.Settle();
        bench.Ask("second", Add("r1", 5, A));
        bench.Settle();

        Assert.Equal(("5", "5", true), (bench["first"], bench["second"], bench.Answers["second"].Repeated));
        Assert.Equal(5, ((Count)bench.Stored(A).State).Value);
    }

    [Fact]
    public void A_batch_given_up_that_arrives_late_makes_no_refusal_a_lie()
    {
        bench.Ask("deposit", Add("r1", 5, A));
        bench.Ask("take", Add("r2", -5, A));
        bench.Fetch();
        bench.Flush();
        var batch = bench.Batch!;
        bench.JudgeUnknown(isApplied: false);
        bench.Fetch();
        bench.Flush();
        bench.Judge(CommitVerdict.Full);
        bench.Settle();

        Assert.All(batch, commit => Assert.True(bench.Apply(commit)));
        Assert.Equal(("OutcomeUnknown", "OutcomeUnknown"), (bench["deposit"], bench["take"]));
    }

    [Fact]
    public void An_edge_goes_on_after_another_node_received_the_effects_it_waits_for()
    {
        bench.Tell(new EffectArrived(Effect(1)));
        bench.Settle();
        bench.Tell(new EffectArrived(Effect(3)));
        Received(2);
        Received(3);
        Assert.Equal(1, bench.Core.Turns);

        bench.Tell(new Ticked());
        bench.Settle();

        Assert.Equal(0, bench.Core.Turns);
        Assert.Equal(1, ((Count)bench.Stored(A).State).Value);
    }

    [Fact]
    public void An_effect_goes_on_at_once_where_another_node_received_the_one_before()
    {
        bench.Tell(new EffectArrived(Effect(1)));
        bench.Settle();
        Received(2);
        bench.Tell(new EffectArrived(Effect(3)));
        bench.Settle();

        Assert.Equal(0, bench.Core.Turns);
        Assert.Equal(2, ((Count)bench.Stored(A).State).Value);
    }

    private static Command Equal(GrainId one, GrainId other) => new(Acme, [], 0, turn =>
    {
        var (left, right) = (turn.State<Count>(one).Value, turn.State<Count>(other).Value);
        return left == right || !turn.IsComplete
            ? Decision.With("equal")
            : throw new InvalidOperationException($"{left} and {right}");
    });

    private static Commit CommitOf(Command command, long version) => new(
        Acme, default, [new GrainWrite(A, version, [BitConverter.GetBytes(-5L)])], [],
        new LedgerWrite([command.Keys[0].Key], command.Content, "text", "0"u8.ToArray()), []);

    private void ByAnotherNode(GrainId grain, long amount) => Assert.True(bench.Apply(new Commit(
        grain.Partition, bench.Now,
        [new GrainWrite(grain, bench.Stored(grain).Version, [BitConverter.GetBytes(amount)])], [], null, [])));

    private void Received(long sequence) => Assert.True(bench.Apply(new Commit(
        Acme, bench.Now, [new GrainWrite(Inbox, sequence - 1, [Array.Empty<byte>()])], [], null, [])));

    private static GrainId Inbox => new(Acme, GrainId.InboxKind, Other.Value);
}
