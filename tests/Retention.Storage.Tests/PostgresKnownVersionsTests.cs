using Retention.Engine.Ports;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;
using static Retention.Engine.Ports.CommitVerdict;

namespace Retention.Storage.Tests;

/// <summary>A lane trusts versions that it knows only for as long as nobody else has written.</summary>
[Collection("PostgreSQL")]
public sealed class PostgresKnownVersionsTests
{
    private readonly PostgresOptions options = PostgresTestSchema.Options();

    [FactWithPostgres]
    public async Task A_version_that_another_node_has_passed_is_refused_also_after_the_lane_has_met_the_new_head()
    {
        await using var store = PostgresGrainStore.Open(options);
        await using var other = PostgresGrainStore.Open(options);
        var (ann, bob) = (Some.Customer("ann"), Some.Customer("bob"));
        await store.Commit(Some.Commit(Some.Write(ann, 0, "1")));
        Assert.Equal([Done], await other.Verdicts(Some.Commit(Some.Write(ann, 1, "2", "3"))));

        Assert.Equal([Done], await store.Verdicts(Some.Commit(Some.Write(bob, 0, "1"))));

        Assert.Equal([Conflict], await store.Verdicts(Some.Commit() with { Checks = [new GrainCheck(ann, 1)] }));
        Assert.Equal([Conflict], await store.Verdicts(Some.Commit(Some.Write(ann, 1, "lost"))));
        Assert.Equal([Done], await store.Verdicts(Some.Commit(Some.Write(ann, 3, "4"))));
        Assert.Equal("1 2 3 4", await other.Facts(ann));
    }

    [FactWithPostgres]
    public async Task A_read_sees_what_another_node_wrote_a_moment_ago()
    {
        await using var store = PostgresGrainStore.Open(options);
        await using var other = PostgresGrainStore.Open(options);
        var ann = Some.Customer("ann");
        await store.Commit(Some.Commit(Some.Write(ann, 0, "1")));
        Commit Seen(long version) => Some.Commit() with { Checks = [new GrainCheck(ann, version)] };

        Assert.Equal([Done], await store.Verdicts(Seen(1)));
        await other.Commit(Some.Commit(Some.Write(ann, 1, "2")));

        Assert.Equal([Conflict], await store.Verdicts(Seen(1)));
        Assert.Equal(new CommitResult(Done, 2), (await store.Commit(Seen(2)))[0]);
        Assert.Equal([Done], await store.Verdicts(Seen(2)));
    }

    [FactWithPostgres]
    public async Task A_key_that_another_node_has_taken_is_refused_and_what_is_beside_it_is_stored_once()
    {
        await using var store = PostgresGrainStore.Open(options);
        await using var other = PostgresGrainStore.Open(options);
        await other.Commit(Some.Commit(Some.Ledger("first", Some.Key("2")), Some.Write(Some.Customer("bob"), 0, "1")));

        var results = await store.Commit(
            Some.Commit(Some.Ledger("a", Some.Key("1")), Some.Write(Some.Customer("ann"), 0, "a")),
            Some.Commit(Some.Ledger("b", Some.Key("2"), Some.Key("3")), Some.Write(Some.Customer("ann"), 1, "b")),
            Some.Commit(Some.Ledger("c", Some.Key("4")), Some.Write(Some.Customer("cid"), 0, "c")));

        Assert.Equal(
            [new CommitResult(Done, 2), new CommitResult(Conflict, 0), new CommitResult(Done, 3)],
            results.Select(result => result with { Stale = null }));
        Assert.Equal("a", await store.Facts(Some.Customer("ann")));
        Assert.Equal((2, 3), ((await store.Find(Some.Key("1")))?.Position, (await store.Find(Some.Key("4")))?.Position));
        Assert.Equal("first", Some.Text((await store.Find(Some.Key("2")))!.Ledger!.Reply));
        Assert.Null(await store.Find(Some.Key("3")));
    }

    [FactWithPostgres]
    public async Task More_grains_than_the_lane_remembers_are_looked_up()
    {
        await using var store = PostgresGrainStore.Open(options with { VersionsKnown = 4 });
        for (var version = 0; version < 3; version++)
        {
            var batch = Enumerable.Range(0, 9).Select(x => Some.Commit(Some.Write(Some.Customer($"{x}"), version, "f"))).ToArray();
            Assert.All(await store.Verdicts(batch), verdict => Assert.Equal(Done, verdict));
        }

        Assert.Equal([Conflict], await store.Verdicts(Some.Commit(Some.Write(Some.Customer("8"), 2, "again"))));
        Assert.Equal([Conflict], await store.Verdicts(Some.Commit(Some.Write(Some.Customer("0"), 2, "again"))));
    }

    [Fact]
    public void As_many_versions_as_the_limit_says_are_remembered_and_the_newest_are_among_them()
    {
        var known = new KnownVersions(limit: 6);
        for (var version = 1L; version <= 50; version++)
        {
            known.Learn(Grain(version), version);
            known.Learn(Grain(version), version + 1);
            Assert.InRange(known.Count, 1, 6);
            Assert.True(known.Is(Grain(version), version + 1));
            Assert.False(known.Is(Grain(version), version));
        }

        Assert.True(known.Is(Grain(49), 50));
        Assert.False(known.Is(Grain(1), 2));
        known.Forget(Grain(49));
        Assert.False(known.Is(Grain(49), 50));
    }

    [Fact]
    public void Nothing_is_known_beyond_a_head_that_somebody_else_moved()
    {
        var known = new KnownVersions(limit: 6) { Head = 7 };
        known.Learn(Grain(1), 3);

        known.MeetHead(7);
        Assert.True(known.Is(Grain(1), 3));
        known.MeetHead(8);

        Assert.False(known.Is(Grain(1), 3));
        Assert.Equal(-1, known.Head);
    }

    private static Guid Grain(long number) => AppendBatch.Uuid((UInt128)number);
}
