using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using static Retention.Engine.Tests.Core.Counter;

namespace Retention.Engine.Tests.Core;

public sealed class LedgerTests
{
    private readonly Bench bench = new();

    [Fact]
    public void A_duplicate_that_comes_while_the_first_is_under_way_gets_the_first_reply()
    {
        bench.Ask("first", Add("r1", 5, A));
        bench.Ask("duplicate", Add("r1", 5, A));
        bench.Settle();

        Assert.Equal(("5", "5"), (bench["first"], bench["duplicate"]));
        Assert.True(bench.Answers["duplicate"].Repeated);
        Assert.Equal(1, bench.Stored(A).Version);
    }

    [Fact]
    public void A_duplicate_that_comes_later_gets_the_first_reply_though_the_state_has_moved_on()
    {
        bench.Ask("first", Add("r1", 5, A));
        bench.Settle();
        bench.Ask("other", Add("r2", -5, A));
        bench.Settle();

        bench.Ask("duplicate", Add("r1", 5, A));
        bench.Settle();

        Assert.Equal("5", bench["duplicate"]);
        Assert.Equal(2, bench.Stored(A).Version);
    }

    [Fact]
    public void A_request_that_would_now_be_refused_still_gets_its_first_reply()
    {
        bench.Ask("deposit", Add("r1", 5, A));
        bench.Settle();
        bench.Ask("take", Add("r2", -5, A));
        bench.Settle();

        bench.Ask("duplicate", Add("r2", -5, A));
        bench.Settle();

        Assert.Equal("0", bench["duplicate"]);
    }

    [Fact]
    public void Other_content_under_the_same_request_id_is_refused_and_changes_nothing()
    {
        bench.Ask("first", Add("r1", 5, A));
        bench.Settle();
        bench.Ask("other", Add("r1", 6, A));
        bench.Settle();

        Assert.Equal("RequestIdReused", bench["other"]);
        Assert.Equal(1, bench.Stored(A).Version);
    }

    [Fact]
    public void The_same_receipt_under_another_request_id_gets_the_first_reply()
    {
        bench.Ask("first", Bought("r1", 5));
        bench.Settle();
        bench.Ask("again", Bought("r2", 5));
        bench.Ask("other", Bought("r3", 6));
        bench.Settle();

        Assert.Equal(("5", "PurchaseIdReused"), (bench["again"], bench["other"]));
        Assert.Equal(1, bench.Stored(A).Version);
    }

    [Fact]
    public void The_other_request_id_of_a_receipt_is_kept_too()
    {
        bench.Ask("first", Bought("r1", 5));
        bench.Settle();
        bench.Ask("again", Bought("r2", 5));
        bench.Settle();

        bench.Ask("seal", Seal("r2"));
        bench.Ask("repeat", Bought("r2", 5));
        bench.Ask("other", Add("r2", 7, A));
        bench.Settle();

        Assert.True(bench.Answers["again"].Repeated);
        Assert.True(bench.Answers["again"].Position > bench.Answers["first"].Position);
        Assert.Equal(("RequestIdReused", "5", "RequestIdReused"), (bench["seal"], bench["repeat"], bench["other"]));
        Assert.Equal(1, bench.Stored(A).Version);
    }

    [Fact]
    public void A_refusal_is_not_remembered()
    {
        bench.Ask("early", Add("r1", -5, A));
        bench.Settle();
        bench.Ask("deposit", Add("r2", 5, A));
        bench.Settle();
        bench.Ask("again", Add("r1", -5, A));
        bench.Settle();

        Assert.Equal(("InsufficientPoints", "0"), (bench["early"], bench["again"]));
    }

    [Fact]
    public void A_sealed_operation_never_applies()
    {
        bench.Ask("seal", Seal("r1"));
        bench.Settle();
        bench.Ask("late", Add("r1", 5, A));
        bench.Ask("seal again", Seal("r1"));
        bench.Settle();

        Assert.Equal(("OperationSealed", "sealed"), (bench["late"], bench["seal again"]));
        Assert.Equal(0, bench.Stored(A).Version);
    }

    [Fact]
    public void An_applied_operation_cannot_be_sealed()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Settle();
        bench.Ask("seal", Seal("r1"));
        bench.Settle();

        Assert.Equal("RequestIdReused", bench["seal"]);
    }

    [Fact]
    public void A_look_up_does_not_join_one_that_began_before_what_it_must_see()
    {
        var find = Of("r9", 0, turn => turn.Recorded(Key("r1")) is { } facts
            ? Decision.With($"{facts.Count} facts")
            : Refusal.Because(RefusalReason.PurchaseNotFound)) with
        { Keys = [] };
        bench.Ask("early", find);
        bench.Ask("add", Add("r1", 5, A));
        bench.Tell(new Loaded(A, bench.Stored(bench.Loads.Dequeue()), 0));
        bench.Flush();
        bench.Judge();
        Assert.Equal("5", bench["add"]);

        bench.Ask("late", find);
        bench.Tell(new Looked(bench.Looks.Dequeue(), null));
        bench.Settle();

        Assert.Equal(("PurchaseNotFound", "1 facts"), (bench["early"], bench["late"]));
    }

    [Fact]
    public void A_turn_that_asks_for_a_key_waits_for_the_turn_that_is_taking_it()
    {
        bench.Ask("add", Add("r1", 5, A));
        bench.Fetch();
        bench.Ask("find", Of("r2", 0, turn => Decision.With(turn.Recorded(Key("r1")) is null ? "nothing" : "found")));
        Assert.Empty(bench.Looks);
        bench.Settle();

        Assert.Equal("found", bench["find"]);
    }

    private static Command Bought(string request, long amount) =>
        Add(request, amount, A) is var command
            ? command with { Keys = [.. command.Keys, new CommandKey(Key("receipt"), RefusalReason.PurchaseIdReused)] }
            : command;
}
