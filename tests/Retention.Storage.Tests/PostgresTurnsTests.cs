using Npgsql;
using Retention.Engine.Ports;
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
        await using var quick = OpenWithLongTurns();
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
        await using var quick = OpenWithLongTurns();
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
        await using var quick = OpenWithLongTurns();
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
    public async Task A_turn_at_one_customer_holds_up_nobody_who_looks_at_the_same_settings()
    {
        await using var quick = OpenWithLongTurns();
        await using var late = PostgresGrainStore.Open(options);
        var settings = Some.Customer("settings");
        await quick.Commit(
            Some.Commit(Some.Write(settings, 0, "s")), Some.Commit(Some.Write(Some.Customer("ann"), 0, "q1")));
        var looks = new GrainCheck(settings, 1);

        Assert.Equal([Conflict], await late.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 0, "l1")) with { Checks = [looks] }));

        Assert.Equal([Done], await quick.Verdicts(Some.Commit(Some.Write(Some.Customer("bob"), 0, "q2")) with { Checks = [looks] }));
        Assert.Equal([Conflict], await quick.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 1, "q2")) with { Checks = [looks] }));
        Assert.Equal([Done], await quick.Verdicts(
            Some.Commit(Some.Write(Some.Customer("bob"), 1, "q3")) with { Checks = [new(Some.Customer("ann"), 1)] }));
    }

    [FactWithPostgres]
    public async Task A_turn_at_what_was_stale_holds_up_its_writers_though_the_commit_only_looks_at_it()
    {
        await using var quick = OpenWithLongTurns();
        await using var late = PostgresGrainStore.Open(options);
        await quick.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 0, "q1")));
        Commit Looks(long version) => Some.Commit(Some.Write(Some.Customer("bob"), 0, "l1")) with { Checks = [new(Some.Customer("ann"), version)] };
        Assert.Equal([Conflict], await late.Verdicts(Looks(0)));

        Assert.Equal([Conflict], await quick.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 1, "q2"))));
        Assert.Equal([Done], await late.Verdicts(Looks(1)));
        Assert.Equal([Done], await quick.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 1, "q2"))));
    }

    [FactWithPostgres]
    public async Task A_conflict_says_which_grains_others_have_written()
    {
        await using var one = OpenWithLongTurns();
        await using var other = PostgresGrainStore.Open(options);
        var (ann, bob, cat) = (Some.Customer("ann"), Some.Customer("bob"), Some.Customer("cat"));
        await one.Commit(Some.Commit(Some.Write(ann, 0, "1"), Some.Write(bob, 0, "1"), Some.Write(cat, 0, "1")));
        await one.Commit(Some.Commit(Some.Write(bob, 1, "2")));

        // The first is late for bob; the second is built on the first, the third on nothing of theirs.
        var results = await other.Commit(
            Some.Commit(Some.Write(ann, 1, "o"), Some.Write(bob, 1, "o")),
            Some.Commit(Some.Write(ann, 2, "o")),
            Some.Commit(Some.Write(cat, 1, "o")));

        Assert.Equal([Conflict, Conflict, Done], results.Select(result => result.Verdict));
        Assert.All(results.Take(2), result => Assert.Equal([bob], result.Stale!));
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

    /// <summary>Turns that no machine is too slow for: those of the product last 100 ms.</summary>
    private PostgresGrainStore OpenWithLongTurns()
    {
        var store = PostgresGrainStore.Open(options);
        PostgresServer.Instance.Sql(
            new NpgsqlConnectionStringBuilder(options.ConnectionString).Database!,
            $"DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('{options.Schema}.take_turns'::regproc), '100 milliseconds', '1 minute'); END $do$");
        return store;
    }
}
