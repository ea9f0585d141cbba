using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Tests;

/// <summary>What every adapter of the store must do. Reopen closes the store and opens what it left behind.</summary>
public abstract partial class GrainStoreContract : IAsyncLifetime
{
    private IGrainStore? open;

    protected IGrainStore Store => open!;

    public virtual async Task InitializeAsync() => open = await Create();

    public virtual async Task DisposeAsync() => await open!.DisposeAsync();

    protected abstract Task<IGrainStore> Create();

    protected abstract Task<IGrainStore> Reopen(IGrainStore store);

    private async Task Restart() => open = await Reopen(open!);

    [ContractFact]
    public async Task An_unknown_grain_is_empty_and_has_version_0()
    {
        var record = await Store.Load(Some.Customer("nobody"));

        Assert.Equal(0, record.Version);
        Assert.Empty(record.Facts);
        Assert.Equal(0, Store.Head);
    }

    [ContractFact]
    public async Task Facts_of_a_grain_come_back_in_their_order_after_a_restart_too()
    {
        var ann = Some.Customer("ann");
        await Store.Commit(Some.Commit(Some.Write(ann, 0, "enrolled", "bought")), Some.Commit(Some.Write(ann, 2, "returned")));

        Assert.Equal("enrolled bought returned", await Store.Facts(ann));
        await Restart();
        Assert.Equal("enrolled bought returned", await Store.Facts(ann));
        Assert.Equal(3, (await Store.Load(ann)).Version);
    }

    [ContractFact]
    public async Task Grains_are_loaded_in_the_order_asked()
    {
        await Store.Commit(Some.Commit(Some.Write(Some.Customer("a"), 0, "1"), Some.Write(Some.Customer("b"), 0, "2")));

        var loaded = await Store.LoadAsync(
            [Some.Customer("b"), Some.Customer("none"), Some.Customer("a")], Some.Deadline);

        Assert.Equal(["2", "", "1"], loaded.Select(x => x.Facts.Count == 0 ? "" : Some.Text(x.Facts[0])));
    }

    [ContractFact]
    public async Task Of_a_grain_whose_earlier_version_is_known_all_that_came_since_is_loaded()
    {
        var (ann, bob) = (Some.Customer("ann"), Some.Customer("bob"));
        await Store.Commit(
            Some.Commit(Some.Write(ann, 0, "1", "2"), Some.Write(bob, 0, "b1")), Some.Commit(Some.Write(ann, 2, "3", "4")));

        var loaded = await Store.LoadAfterAsync([new(ann, 3), new(bob, 0), new(Some.Customer("none"), 0), new(ann, 4)], Some.Deadline);

        Assert.Equal([4, 1, 0, 4], loaded.Select(x => x.Version));
        Assert.Equal(["4", "b1", "", ""], loaded.Select((x, index) => string.Join(' ', Since(x, index switch { 0 => 3, 3 => 4, _ => 0 }))));

        static IEnumerable<string> Since(GrainRecord record, int version) =>
            record.Facts.Skip((int)(version - record.SnapshotVersion)).Select(Some.Text);
    }

    [ContractFact]
    public async Task A_stale_version_is_a_conflict_and_changes_nothing()
    {
        var ann = Some.Customer("ann");
        await Store.Commit(Some.Commit(Some.Write(ann, 0, "enrolled")));

        var stale = Some.Commit(Some.Ledger("r", Some.Key("1")), Some.Write(ann, 0, "again"), Some.Write(Some.Customer("bob"), 0, "x"));
        var ahead = Some.Commit(Some.Write(ann, 2, "ahead"));

        Assert.Equal([CommitVerdict.Conflict, CommitVerdict.Conflict], await Store.Verdicts(stale, ahead));
        Assert.Equal("enrolled", await Store.Facts(ann));
        Assert.Equal("", await Store.Facts(Some.Customer("bob")));
        Assert.Null(await Store.Find(Some.Key("1")));
        Assert.Equal(1, Store.Head);
    }

    [ContractFact]
    public async Task A_commit_may_build_on_an_earlier_one_of_its_batch_and_a_conflict_spares_its_neighbours()
    {
        var (ann, bob, cid) = (Some.Customer("ann"), Some.Customer("bob"), Some.Customer("cid"));

        var results = await Store.Commit(
            Some.Commit(Some.Write(ann, 0, "1")),
            Some.Commit(Some.Write(cid, 3, "lost")),
            Some.Commit(Some.Write(ann, 1, "2")),
            Some.Commit(Some.Write(ann, 2, "3"), Some.Write(cid, 1, "stale")),
            Some.Commit(Some.Write(ann, 3, "built on the lost one")),
            Some.Commit(Some.Write(bob, 0, "1")));

        Assert.Equal("Done Conflict Done Conflict Conflict Done", string.Join(" ", results.Select(x => x.Verdict)));
        Assert.Equal([1, 2, 3], results.Where(x => x.Verdict == CommitVerdict.Done).Select(x => x.Position));
        await Restart();
        Assert.Equal("1 2", await Store.Facts(ann));
        Assert.Equal("1", await Store.Facts(bob));
    }

    [ContractFact]
    public async Task What_a_commit_failed_to_write_nothing_later_in_its_batch_may_write_or_check()
    {
        var (ann, bob) = (Some.Customer("ann"), Some.Customer("bob"));
        await Store.Commit(Some.Commit(Some.Write(ann, 0, "1", "by somebody else")));

        var verdicts = await Store.Verdicts(
            Some.Commit(Some.Write(ann, 1, "lost"), Some.Write(bob, 0, "lost too")),
            Some.Commit(Some.Write(ann, 2, "built on the lost one")),
            Some.Commit() with { Checks = [new GrainCheck(ann, 2)] },
            Some.Commit(Some.Write(bob, 0, "beside the lost one")));

        Assert.All(verdicts, verdict => Assert.Equal(CommitVerdict.Conflict, verdict));
        Assert.Equal([CommitVerdict.Done], await Store.Verdicts(Some.Commit(Some.Write(ann, 2, "anew"))));
    }

    [ContractFact]
    public async Task A_check_holds_only_for_the_exact_version()
    {
        var (ann, bob) = (Some.Customer("ann"), Some.Customer("bob"));
        await Store.Commit(Some.Commit(Some.Write(ann, 0, "1", "2")));

        Commit Checked(long version) => Some.Commit(Some.Write(bob, 0, "x")) with { Checks = [new GrainCheck(ann, version)] };

        Assert.Equal([CommitVerdict.Conflict, CommitVerdict.Conflict], await Store.Verdicts(Checked(1), Checked(3)));
        Assert.Equal([CommitVerdict.Done], await Store.Verdicts(Checked(2)));
        Assert.Equal([CommitVerdict.Done], await Store.Verdicts(
            Some.Commit() with { Checks = [new GrainCheck(Some.Customer("nobody"), 0)] }));
    }

    [ContractFact]
    public async Task A_check_sees_what_its_batch_has_written_so_far()
    {
        var ann = Some.Customer("ann");

        var verdicts = await Store.Verdicts(
            Some.Commit(Some.Write(ann, 0, "1")),
            Some.Commit() with { Checks = [new GrainCheck(ann, 0)] },
            Some.Commit() with { Checks = [new GrainCheck(ann, 1)] });

        Assert.Equal([CommitVerdict.Done, CommitVerdict.Conflict, CommitVerdict.Done], verdicts);
    }

    [ContractFact]
    public async Task A_commit_that_only_checks_stores_nothing_and_answers_with_the_head()
    {
        await Store.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 0, "1")));

        var result = (await Store.Commit(Some.Commit() with { Checks = [new GrainCheck(Some.Customer("ann"), 1)] }))[0];

        Assert.Equal(new CommitResult(CommitVerdict.Done, 1), result);
        Assert.Equal(1, Store.Head);
        Assert.Single(await Store.Journal());
    }

    [ContractFact]
    public async Task A_key_is_taken_once_and_leads_to_its_commit_for_ever()
    {
        var (request, receipt) = (Some.Key("request"), LedgerKey.Purchase("acme", "b", "till", "7"));
        var first = Some.Commit(Some.Ledger("first reply", request, receipt), Some.Write(Some.Customer("ann"), 0, "bought"));
        await Store.Commit(first);
        await Restart();

        Assert.Equal([CommitVerdict.Conflict], await Store.Verdicts(Some.Commit(Some.Ledger("second", receipt))));
        Assert.True(Store.MayHold(request));
        var found = await Store.Find(receipt);
        Assert.Equal(1, found!.Position);
        Assert.Equal("first reply", Some.Text(found.Ledger!.Reply));
        Assert.Equal(("test.Reply", (UInt128)42), (found.Ledger.Format, found.Ledger.Content));
        Assert.Equal([request, receipt], found.Ledger.Keys);
        Assert.Equal("bought", Some.Text(found.Writes[0].Facts[0]));
        Assert.Null(await Store.Find(Some.Key("never")));
    }

    [ContractFact]
    public async Task The_same_key_twice_in_one_batch_is_a_conflict_for_the_second()
    {
        var key = Some.Key("request");

        Assert.Equal([CommitVerdict.Done, CommitVerdict.Conflict], await Store.Verdicts(
            Some.Commit(Some.Ledger("first", key)), Some.Commit(Some.Ledger("second", Some.Key("other"), key))));
        Assert.Null(await Store.Find(Some.Key("other")));
    }

    [ContractFact]
    public async Task A_key_of_a_commit_in_conflict_stays_free()
    {
        var key = Some.Key("request");
        var stale = Some.Commit(Some.Ledger("stale", key), Some.Write(Some.Customer("ann"), 5, "x"));

        Assert.Equal([CommitVerdict.Conflict, CommitVerdict.Done], await Store.Verdicts(stale, Some.Commit(Some.Ledger("good", key))));
        Assert.Equal("good", Some.Text((await Store.Find(key))!.Ledger!.Reply));
    }

    [ContractFact]
    public async Task The_journal_gives_back_every_commit_as_it_was_made()
    {
        var elsewhere = new GrainId(Some.Other, "coupon", "ключ");
        var commit = new Commit(Some.Tenant, Instant.FromUnixTimeSeconds(-5).PlusNanoseconds(3),
            [Some.Write(Some.Customer("ann"), 0, "1", ""), Some.Write(elsewhere, 0, "2")], [],
            Some.Ledger("", Some.Key("k")), [Some.Remind(elsewhere, "expire", Some.Noon), Some.Remind(elsewhere, "warn", null)]);
        await Store.Commit(commit);
        await Restart();

        var record = Assert.Single(await Store.Journal());

        Assert.Equal((1, commit.Partition, commit.RecordedAt), (record.Position, record.Partition, record.RecordedAt));
        Assert.Equal(commit.Writes.Select(x => (x.Grain, x.ExpectedVersion)), record.Writes.Select(x => (x.Grain, x.ExpectedVersion)));
        Assert.Equal(["1", "", "2"], record.Writes.SelectMany(x => x.Facts).Select(Some.Text));
        Assert.Equal(commit.Reminders, record.Reminders);
        Assert.Equal(commit.Ledger!.Keys, record.Ledger!.Keys);
    }

    [ContractFact]
    public async Task The_journal_is_read_in_order_and_in_parts()
    {
        for (var number = 0; number < 7; number++)
        {
            await Store.Commit(Some.Commit(Some.Write(Some.Customer("ann"), number, $"{number}")));
        }

        Assert.Equal([4, 5, 6], (await Store.ReadAsync(3, 3, Some.Deadline)).Select(x => x.Position));
        Assert.Empty(await Store.ReadAsync(7, 3, Some.Deadline));
        Assert.Empty(await Store.ReadAsync(99, 3, Some.Deadline));
    }

    [ContractFact]
    public async Task History_shows_a_grain_from_its_newest_commit_backwards()
    {
        var ann = Some.Customer("ann");
        for (var number = 0; number < 5; number++)
        {
            await Store.Commit(Some.Commit(Some.Write(ann, number, $"{number}")), Some.Commit(Some.Write(Some.Customer("bob"), number, "b")));
        }

        await Restart();
        Assert.Equal([9, 7, 5], (await Store.HistoryAsync(ann, long.MaxValue, 3, Some.Deadline)).Select(x => x.Position));
        Assert.Equal([3, 1], (await Store.HistoryAsync(ann, 5, 3, Some.Deadline)).Select(x => x.Position));
        Assert.Empty(await Store.HistoryAsync(Some.Customer("nobody"), long.MaxValue, 3, Some.Deadline));
    }

    [ContractFact]
    public async Task Waiting_for_the_journal_ends_with_the_commit_waited_for()
    {
        var waiting = Store.WaitBeyondAsync(1, Some.Deadline);
        await Store.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 0, "1")));
        Assert.False(waiting.IsCompleted);

        await Store.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 1, "2")));

        await waiting;
        await Store.WaitBeyondAsync(1, Some.Deadline);
    }

    [ContractFact]
    public async Task Waiting_for_the_journal_can_be_given_up()
    {
        using var stop = new CancellationTokenSource();
        var waiting = Store.WaitBeyondAsync(0, stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
