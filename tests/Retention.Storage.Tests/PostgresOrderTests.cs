using Npgsql;
using Retention.Engine.Ports;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;

namespace Retention.Storage.Tests;

/// <summary>What holds while several nodes commit to one database at once.</summary>
[Collection("PostgreSQL")]
public sealed class PostgresOrderTests
{
    private readonly PostgresOptions options = PostgresTestSchema.Options();

    [FactWithPostgres]
    public async Task A_turn_over_two_grains_is_never_torn_when_another_node_has_moved_one_of_them()
    {
        await using var store = PostgresGrainStore.Open(options);
        await using var other = PostgresGrainStore.Open(options);
        var (ann, bob, cid) = (Some.Customer("ann"), Some.Customer("bob"), Some.Customer("cid"));
        await other.Commit(Some.Commit(Some.Write(bob, 0, "elsewhere")));

        var verdicts = await store.Verdicts(
            Some.Commit(Some.Ledger("r", Some.Key("1")), Some.Write(ann, 0, "paid"), Some.Write(bob, 0, "received")),
            Some.Commit(Some.Write(ann, 1, "built on it")),
            Some.Commit(Some.Write(cid, 0, "beside it")));

        Assert.Equal([CommitVerdict.Conflict, CommitVerdict.Conflict, CommitVerdict.Done], verdicts);
        Assert.Equal(("", "elsewhere", "beside it"), (await store.Facts(ann), await store.Facts(bob), await store.Facts(cid)));
        Assert.Null(await store.Find(Some.Key("1")));
        Assert.Equal(2, (await store.Journal()).Count);
    }

    [FactWithPostgres]
    public async Task A_follower_skips_nothing_while_a_commit_is_delayed_and_others_go_on()
    {
        await using var store = PostgresGrainStore.Open(options);
        await using var other = PostgresGrainStore.Open(options);
        await using var follower = PostgresGrainStore.Open(options);
        await Write(other, "c");
        Execute($"SET search_path = {options.Schema}; "
            + "CREATE FUNCTION delay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            + $"IF NEW.version = 3 AND NEW.grain = '{AppendBatch.Uuid(Some.Customer("a"))}' THEN PERFORM pg_sleep(1); END IF; "
            + "RETURN NEW; END $$; "
            + "CREATE TRIGGER delay AFTER INSERT ON grain_commit FOR EACH ROW EXECUTE FUNCTION delay()");

        using var stop = new CancellationTokenSource();
        var seen = Follow(follower, stop.Token);
        var writers = new[] { (store, "a"), (other, "b") }.Select(x => Task.Run(() => Write(x.Item1, x.Item2)));
        await Task.WhenAll(writers);
        await Task.WhenAny(seen, Eventually.Is(() => Task.FromResult(follower.Head == 60)));
        await stop.CancelAsync();

        Assert.Equal(Enumerable.Range(1, 60).Select(x => (long)x), await seen);
    }

    [FactWithPostgres]
    public async Task Who_asks_for_the_end_of_the_journal_is_told_what_another_node_committed_before()
    {
        await using var store = PostgresGrainStore.Open(options);
        await using var other = PostgresGrainStore.Open(options);
        for (var number = 0; number < 20; number++)
        {
            await store.Commit(Some.Commit(Some.Write(Some.Customer("ann"), number, $"{number}")));

            var head = await other.AskHeadAsync(Some.Deadline);

            Assert.Equal(number + 1, head);
            Assert.Equal(number + 1, (await other.ReadAsync(0, 100, Some.Deadline)).Count);
        }
    }

    [FactWithPostgres]
    public async Task Two_nodes_that_fight_for_the_same_grains_both_come_forward_and_lose_nothing()
    {
        await using var store = PostgresGrainStore.Open(options);
        await using var other = PostgresGrainStore.Open(options);

        var tallies = await Task.WhenAll(Task.Run(() => Fight(store, "x")), Task.Run(() => Fight(other, "y")));

        Assert.All(tallies, done => Assert.Equal(200, done));
        var facts = await store.Facts(Some.Customer("hot"));
        Assert.Equal(400, facts.Split(' ').Distinct().Count());
        Assert.Equal(400, (await store.Journal()).Count);
    }

    private static async Task<List<long>> Follow(PostgresGrainStore follower, CancellationToken stop)
    {
        var seen = new List<long>();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await follower.WaitBeyondAsync(seen.Count == 0 ? 0 : seen[^1], stop);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            seen.AddRange((await follower.ReadAsync(seen.Count == 0 ? 0 : seen[^1], 100, Some.Deadline)).Select(x => x.Position));
        }

        return seen;
    }

    private static async Task Write(PostgresGrainStore store, string customer)
    {
        for (var number = 0; number < 20; number++)
        {
            await store.Commit(Some.Commit(Some.Write(Some.Customer(customer), number, $"{number}")));
        }
    }

    private static async Task<int> Fight(PostgresGrainStore store, string name)
    {
        var done = 0;
        while (done < 200)
        {
            var version = (await store.Load(Some.Customer("hot"))).Version;
            var verdict = (await store.Verdicts(Some.Commit(Some.Write(Some.Customer("hot"), version, $"{name}{done}"))))[0];
            done += verdict == CommitVerdict.Done ? 1 : 0;
        }

        return done;
    }

    private void Execute(string sql)
    {
        using var connection = new NpgsqlConnection(options.ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
