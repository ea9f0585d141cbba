using NodaTime;
using Retention.Engine.Ports;

namespace Retention.Storage.Tests;

/// <summary>Effects, reminders and snapshots.</summary>
public abstract partial class GrainStoreContract
{
    private static Commit Sent(long expected, params string[] facts) =>
        Some.Commit(Some.Write(Some.Outbox(Some.Tenant, Some.Other), expected, facts));

    private static Commit Received(long expected, int count) =>
        Some.Commit(Some.Write(Some.Inbox(Some.Other, Some.Tenant), expected, [.. Enumerable.Repeat("got", count)]));

    [ContractFact]
    public async Task An_effect_is_pending_until_the_other_partition_has_received_it()
    {
        await Store.Commit(Sent(0, "a", "b"), Sent(2, "c"));

        Assert.Equal("acme>bolt:1=a acme>bolt:2=b acme>bolt:3=c", await Store.Pending());
        Assert.Equal((3, 0), (Store.PendingEffectCount(Some.Tenant), Store.PendingEffectCount(Some.Other)));

        await Store.Commit(Received(0, 2));
        await Restart();

        Assert.Equal("acme>bolt:3=c", await Store.Pending());
        Assert.Equal(1, Store.PendingEffectCount(Some.Tenant));
        await Store.Commit(Received(2, 1));
        Assert.Equal("", await Store.Pending());
        Assert.Equal(0, Store.PendingEffectCount(Some.Tenant));
    }

    [ContractFact]
    public async Task Pending_effects_take_turns_by_edge_and_keep_their_order_within_it()
    {
        await Store.Commit(Sent(0, "1", "2", "3"), Some.Commit(Some.Write(Some.Outbox(Some.Other, Some.Tenant), 0, "x", "y")));

        var first = await Store.PendingEffectsAsync(3, Some.Deadline);

        Assert.Equal(["1", "x", "2"], first.Select(x => Some.Text(x.Fact)));
    }

    [ContractFact]
    public async Task A_receipt_from_a_partition_that_never_sent_here_changes_nothing()
    {
        await Store.Commit(Some.Commit(Some.Write(Some.Inbox(Some.Tenant, Some.Other), 0, "from elsewhere")));

        Assert.Equal("", await Store.Pending());
        Assert.Equal(0, Store.PendingEffectCount(Some.Other));
    }

    [ContractFact]
    public async Task A_reminder_is_due_at_its_moment_and_not_before_and_the_earliest_comes_first()
    {
        var ann = Some.Customer("ann");
        await Store.Commit(Some.Commit() with
        {
            Reminders =
            [
                Some.Remind(ann, "late", Some.Noon + Duration.FromNanoseconds(1)),
                Some.Remind(ann, "now", Some.Noon),
                Some.Remind(Some.Customer("bob"), "early", Some.Noon - Duration.FromDays(1)),
            ],
        });

        Assert.Equal("bob:early ann:now", await Store.Due(Some.Noon));
        await Restart();
        Assert.Equal("bob:early ann:now", await Store.Due(Some.Noon));
        Assert.Equal("bob:early", Assert.Single(
            (await Store.DueRemindersAsync(Some.Noon, 1, Some.Deadline)).Select(x => $"{x.Grain.Key}:{x.Name}")));
    }

    [ContractFact]
    public async Task Setting_a_reminder_again_moves_it_and_an_empty_moment_clears_it()
    {
        var (ann, bob) = (Some.Customer("ann"), Some.Customer("bob"));
        await Store.Commit(Some.Commit() with { Reminders = [Some.Remind(ann, "r", Some.Noon), Some.Remind(bob, "r", Some.Noon)] });

        await Store.Commit(
            Some.Commit() with { Reminders = [Some.Remind(ann, "r", Some.Noon + Duration.FromDays(2)), Some.Remind(bob, "r", null)] });

        Assert.Equal("", await Store.Due(Some.Noon + Duration.FromDays(1)));
        await Restart();
        Assert.Equal("", await Store.Due(Some.Noon + Duration.FromDays(1)));
        Assert.Equal("ann:r", await Store.Due(Some.Noon + Duration.FromDays(2)));
    }

    [ContractFact]
    public async Task A_reminder_of_a_commit_in_conflict_is_not_set()
    {
        await Store.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 7, "stale")) with
        {
            Reminders = [Some.Remind(Some.Customer("ann"), "r", Some.Noon)],
        });

        Assert.Equal("", await Store.Due(Some.Noon));
    }

    [ContractFact]
    public async Task A_long_tail_wants_a_snapshot_and_a_snapshot_shortens_it()
    {
        var ann = Some.Customer("ann");
        for (var number = 0; number < 600; number++)
        {
            Assert.Equal([CommitVerdict.Done], await Store.Verdicts(Some.Commit(Some.Write(ann, number, $"{number}"))));
        }

        Assert.Contains(ann, Store.SnapshotsWanted(10));
        Store.SaveSnapshots([new Snapshot(ann, 599, Some.Bytes("state at 599"))]);

        await Eventually.Is(async () => (await Store.Load(ann)).SnapshotVersion == 599 && Store.SnapshotsWanted(10).Count == 0);
        await Restart();
        var record = await Store.Load(ann);
        Assert.Equal((599, "state at 599", 600), (record.SnapshotVersion, Some.Text(record.Snapshot), record.Version));
        Assert.Equal("599", Some.Text(Assert.Single(record.Facts)));
    }

    [ContractFact]
    public async Task A_snapshot_ahead_of_the_journal_or_older_than_the_kept_one_is_ignored()
    {
        var (ann, bob) = (Some.Customer("ann"), Some.Customer("bob"));
        await Store.Commit(Some.Commit(Some.Write(ann, 0, "1", "2", "3"), Some.Write(bob, 0, "1")));

        Store.SaveSnapshots([new Snapshot(ann, 4, Some.Bytes("from the future"))]);
        Store.SaveSnapshots([new Snapshot(bob, 1, Some.Bytes("b"))]);
        await Eventually.Is(async () => (await Store.Load(bob)).SnapshotVersion == 1);
        Assert.Equal((0, 3), ((await Store.Load(ann)).SnapshotVersion, (await Store.Load(ann)).Version));

        Store.SaveSnapshots([new Snapshot(ann, 2, Some.Bytes("two"))]);
        await Eventually.Is(async () => (await Store.Load(ann)).SnapshotVersion == 2);
        Store.SaveSnapshots([new Snapshot(ann, 1, Some.Bytes("one"))]);
        await Restart();
        Assert.Equal((2, "3"), ((await Store.Load(ann)).SnapshotVersion, await Store.Facts(ann)));
    }

    [ContractFact]
    public async Task Counters_of_effects_are_kept_as_snapshots_without_a_state()
    {
        await Store.Commit(Sent(0, [.. Enumerable.Range(1, 20).Select(x => $"{x}")]));
        var outbox = Some.Outbox(Some.Tenant, Some.Other);

        Store.SaveSnapshots([new Snapshot(outbox, 20, default)]);

        await Eventually.Is(async () => (await Store.Load(outbox)).SnapshotVersion == 20);
        Assert.Equal(20, (await Store.Load(outbox)).Version);
        Assert.Equal([CommitVerdict.Done], await Store.Verdicts(Sent(20, "21")));
        Assert.Equal(21, Store.PendingEffectCount(Some.Tenant));
    }
}
