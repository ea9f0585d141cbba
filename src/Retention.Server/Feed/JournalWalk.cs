using Retention.Engine.Ports;
using Retention.V1;

namespace Retention.Server.Feed;

/// <summary>One watcher on its way through the journal: by itself until it is near the end, then with the tail.</summary>
internal sealed class JournalWalk(
    IJournal journal, JournalIndex index, JournalView view, EntryWriter output, long start)
{
    private const int CommitsPerRead = 500;

    /// <summary>So near the end the tail's queue will not overflow before the rest is read.</summary>
    private const int Near = 10_000;

    private readonly List<JournalEntry> entries = [];
    private long position = start;
    private long told = start;

    /// <summary>Tells everything up to a position and then says how far it came.</summary>
    public async Task ToAsync(long end, CancellationToken stop)
    {
        await ReadAsync(end, stop);
        await output.WriteAsync(entries, Math.Max(position, end));
    }

    /// <summary>Tells everything, and then what happens.</summary>
    public async Task FollowAsync(JournalTail tail, CancellationToken stop)
    {
        while (true)
        {
            while (journal.Head - position > Near)
            {
                await ReadAsync(journal.Head, stop);
            }

            using var watch = tail.Open(view.TenantId);
            await ReadAsync(watch.StartsAfter, stop);
            while (await watch.Reader.WaitToReadAsync(stop))
            {
                while (entries.Count < CommitsPerRead && watch.Reader.TryRead(out var next))
                {
                    if (next.Record is { } record && next.Position > position) await view.AddAsync(record, entries, stop);
                    position = Math.Max(position, next.Position);
                }

                await TellAsync();
            }

            stop.ThrowIfCancellationRequested();
        }
    }

    // From the store, without the stretches that hold nothing for this watcher.
    private async Task ReadAsync(long end, CancellationToken stop)
    {
        JournalIndex.Lesson? lesson = null;
        while (position < end)
        {
            var skipped = await index.SkipAsync(position, partition => view.ConcernsAsync(partition, stop));
            if (skipped != position || lesson is null) lesson = index.Learn(skipped);
            position = skipped;
            if (position >= end) break;

            var records = await journal.ReadAsync(position, (int)Math.Min(CommitsPerRead, end - position), stop);
            foreach (var record in records)
            {
                lesson.See(record);
                await view.AddAsync(record, entries, stop);
            }

            if (records.Count == 0) break;
            position = records[^1].Position;
            await TellAsync();
        }
    }

    private async ValueTask TellAsync()
    {
        if (entries.Count == 0 && position - told < JournalTail.CommitsPerMark) return;
        await output.WriteAsync(entries, position);
        entries.Clear();
        told = position;
    }
}
