using Retention.Storage.Postgres;
using Retention.Tests.Postgres;
using static Retention.Engine.Ports.CommitVerdict;

namespace Retention.Storage.Tests;

/// <summary>
/// Two nodes that write the same grains take turns. "quick" always has its next version ready, as a node has that wrote
/// last and holds the states in memory; "late" has to read before each of its writes.
/// </summary>
[Collection("PostgreSQL")]
public sealed class PostgresTurnsTests
{
    private readonly PostgresOptions options = PostgresTestSchema.Options();

    [FactWithPostgres]
    public async Task A_node_that_came_too_late_goes_next_however_fast_the_other_is()
    {
        await using var quick = PostgresGrainStore.Open(options);
        await using var late = PostgresGrainStore.Open(options);
        await quick.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 0, "q1")));

        Assert.Equal([Conflict], await late.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 0, "l1"))));
        Assert.Equal([Conflict], await quick.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 1, "q2"))));
        Assert.Equal([Done], await late.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 1, "l1"))));

        Assert.Equal([Conflict], await quick.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 1, "q2"))));
        Assert.Equal([Conflict], await late.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 2, "l2"))));
        Assert.Equal([Done], await quick.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 2, "q2"))));
        Assert.Equal("q1 l1 q2", await quick.Facts(Some.Customer("ann")));
    }

    [FactWithPostgres]
    public async Task A_turn_that_is_not_taken_passes_by_itself()
    {
        await using var quick = PostgresGrainStore.Open(options);
        await using var late = PostgresGrainStore.Open(options);
        await quick.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 0, "q1")));

        Assert.Equal([Conflict], await late.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 0, "l1"))));

        await Eventually.Is(async () => await quick.Facts(Some.Customer("ann")) == "q1 q2"
            || await quick.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 1, "q2"))) is [Done]);
    }

    [FactWithPostgres]
    public async Task A_turn_holds_up_nobody_who_writes_other_customers_nor_who_reads()
    {
        await using var quick = PostgresGrainStore.Open(options);
        await using var late = PostgresGrainStore.Open(options);
        await quick.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 0, "q1")));
        Assert.Equal([Conflict], await late.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 0, "l1"))));

        Assert.Equal([Conflict, Done], await quick.Verdicts(
            Some.Commit(Some.Write(Some.Customer("ann"), 1, "q2")), Some.Commit(Some.Write(Some.Customer("bob"), 0, "q3"))));
        Assert.Equal("q1", await quick.Facts(Some.Customer("ann")));
    }

    [FactWithPostgres]
    public async Task A_turn_over_two_customers_waits_for_both_and_takes_neither_before()
    {
        await using var quick = PostgresGrainStore.Open(options);
        await using var late = PostgresGrainStore.Open(options);
        await using var third = PostgresGrainStore.Open(options);
        await quick.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 0, "q1"), Some.Write(Some.Customer("bob"), 0, "q1")));
        Assert.Equal([Conflict], await late.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 0, "l1"))));

        // Too late for both, and ann's turn is another's: it must not hold bob meanwhile.
        Assert.Equal([Conflict], await third.Verdicts(
            Some.Commit(Some.Write(Some.Customer("ann"), 0, "t1"), Some.Write(Some.Customer("bob"), 0, "t1"))));

        Assert.Equal([Done], await quick.Verdicts(Some.Commit(Some.Write(Some.Customer("bob"), 1, "q2"))));
        Assert.Equal([Done], await late.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 1, "l1"))));
        Assert.Equal("q1 q2", await third.Facts(Some.Customer("bob")));
    }

    [FactWithPostgres]
    public async Task A_conflict_says_whether_a_key_was_taken()
    {
        await using var store = PostgresGrainStore.Open(options);
        await store.Commit(Some.Commit(Some.Ledger("r", Some.Key("1")), Some.Write(Some.Customer("ann"), 0, "1")));

        var stale = (await store.Commit(Some.Commit(Some.Ledger("r", Some.Key("2")), Some.Write(Some.Customer("ann"), 0, "2"))))[0];
        var taken = (await store.Commit(Some.Commit(Some.Ledger("r", Some.Key("1")), Some.Write(Some.Customer("ann"), 1, "2"))))[0];

        Assert.Equal((Conflict, true), (stale.Verdict, stale.KeysAreNew));
        Assert.Equal((Conflict, false), (taken.Verdict, taken.KeysAreNew));
    }

    [FactWithPostgres]
    public async Task Many_keys_are_looked_up_at_once_and_answered_in_the_order_asked()
    {
        await using var store = PostgresGrainStore.Open(options);
        await store.Commit(
            Some.Commit(Some.Ledger("a", Some.Key("1")), Some.Write(Some.Customer("ann"), 0, "1")),
            Some.Commit(Some.Ledger("b", Some.Key("2")), Some.Write(Some.Customer("ann"), 1, "2")));

        var found = await store.FindAsync([Some.Key("2"), Some.Key("none"), Some.Key("1"), Some.Key("2")], Some.Deadline);

        Assert.Equal(["b", "", "a", "b"], found.Select(record => record is null ? "" : Some.Text(record.Ledger!.Reply)));
    }
}
