using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Feed;

namespace Retention.Server.Tests.Feed;

public sealed class JournalTailTests
{
    private readonly RowJournal journal = new();

    [Fact]
    public async Task A_stretch_that_was_read_as_a_whole_is_skipped_by_those_whom_it_does_not_concern()
    {
        var index = new JournalIndex();
        var lesson = index.Learn(0);
        for (var position = 1; position <= 2 * JournalIndex.StretchLength; position++)
        {
            lesson.See(Record(position, position == JournalIndex.StretchLength + 1 ? "mine" : "other"));
        }

        Assert.Equal(JournalIndex.StretchLength, await index.SkipAsync(0, Is("mine")));
        Assert.Equal(JournalIndex.StretchLength, await index.SkipAsync(100, Is("mine")));
        Assert.Equal(0, await index.SkipAsync(0, Is("other")));
        Assert.Equal(2 * JournalIndex.StretchLength, await index.SkipAsync(7, Is("nobody")));
    }

    [Fact]
    public async Task A_stretch_that_was_read_in_part_is_not_skipped_and_no_more_is_remembered_than_the_limit()
    {
        var index = new JournalIndex(stretchesMax: 1);
        var lesson = index.Learn(5);
        for (var position = 6; position <= 3 * JournalIndex.StretchLength; position++)
        {
            lesson.See(Record(position, "other"));
        }

        Assert.Equal(0, await index.SkipAsync(0, Is("mine")));
        Assert.Equal(2 * JournalIndex.StretchLength, await index.SkipAsync(JournalIndex.StretchLength, Is("mine")));
    }

    [Fact]
    public async Task Each_watch_gets_what_concerns_its_tenant_in_order_and_the_journal_is_read_once()
    {
        var tail = Tail();
        using var mine = tail.Open("mine");
        using var also = tail.Open("mine");
        using var other = tail.Open("other");
        journal.Add("mine", "other", "mine", "other");

        Assert.Equal([1L, 3L], await Positions(mine, 2));
        Assert.Equal([1L, 3L], await Positions(also, 2));
        Assert.Equal([2L, 4L], await Positions(other, 2));
        Assert.Equal(4, journal.Handed);
    }

    [Fact]
    public async Task A_watch_that_does_not_keep_up_ends_after_what_it_got_and_holds_nobody_up()
    {
        var tail = Tail();
        using var slow = tail.Open("mine");
        using var other = tail.Open("other");
        journal.Add([.. Enumerable.Repeat("mine", JournalTail.QueueMax + 10), "other"]);

        Assert.Equal([JournalTail.QueueMax + 11L], await Positions(other, 1));
        Assert.Equal(JournalTail.QueueMax, (await Positions(slow, JournalTail.QueueMax)).Count);
        Assert.False(await slow.Reader.WaitToReadAsync());
    }

    [Fact]
    public async Task Reading_stops_without_watches_and_begins_again_with_one()
    {
        var tail = Tail();
        tail.Open("mine").Dispose();
        journal.Add("mine");
        journal.Add("mine");
        using var again = tail.Open("mine");
        journal.Add("mine");

        Assert.Equal(again.StartsAfter + 1, (await Positions(again, 1))[0]);
    }

    private JournalTail Tail() => new(journal, new KnownAgreements(null!), new JournalIndex(), CancellationToken.None);

    private static async Task<List<long>> Positions(JournalTail.Watch watch, int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var positions = new List<long>();
        while (positions.Count < count)
        {
            positions.Add((await watch.Reader.ReadAsync(patience.Token)).Position);
        }

        return positions;
    }

    private static Func<PartitionId, ValueTask<bool>> Is(string tenant) =>
        partition => ValueTask.FromResult(partition == PartitionId.Tenant(tenant));

    private static JournalRecord Record(long position, string tenant) =>
        new(position, PartitionId.Tenant(tenant), Instant.FromUnixTimeSeconds(0), [], null, []);

    /// <summary>A journal in memory that counts how many records it handed out.</summary>
    private sealed class RowJournal : IJournal
    {
        private readonly List<JournalRecord> rows = [];
        private TaskCompletionSource grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Handed { get; private set; }

        public long Head
        {
            get
            {
                lock (rows) return rows.Count;
            }
        }

        public void Add(params string[] tenants)
        {
            lock (rows)
            {
                foreach (var tenant in tenants)
                {
                    rows.Add(Record(rows.Count + 1, tenant));
                }

                grown.SetResult();
                grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public ValueTask<IReadOnlyList<JournalRecord>> ReadAsync(long afterPosition, int limit, CancellationToken stop)
        {
            lock (rows)
            {
                var read = rows.Skip((int)afterPosition).Take(limit).ToArray();
                Handed += read.Length;
                return ValueTask.FromResult<IReadOnlyList<JournalRecord>>(read);
            }
        }

        public ValueTask<IReadOnlyList<JournalRecord>> HistoryAsync(
            GrainId grain, long beforePosition, int limit, CancellationToken stop) => throw new NotSupportedException();

        public Task WaitBeyondAsync(long position, CancellationToken stop)
        {
            lock (rows) return rows.Count > position ? Task.CompletedTask : grown.Task.WaitAsync(stop);
        }
    }
}
