using System.Threading.Channels;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Feed;

/// <summary>
/// Reads the end of the journal once for all watchers and gives each the commits that concern its tenant. A watcher that
/// does not keep up is let go: it goes on from the store and comes back. Without watchers nothing is read.
/// </summary>
internal sealed class JournalTail(IJournal journal, KnownAgreements agreements, JournalIndex index, CancellationToken stop)
{
    public const int QueueMax = 1024;

    // A watcher of a quiet tenant on a busy server still gets a token now and then, and resumes near the head.
    public const int CommitsPerMark = 100_000;

    private const int CommitsPerRead = 500;
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<Watch>> watches = new(StringComparer.Ordinal);
    private bool isReading;
    private long position;

    /// <summary>Every commit after <see cref="Watch.StartsAfter"/> that concerns the tenant will come, or the watch ends.</summary>
    public Watch Open(string tenantId)
    {
        lock (gate)
        {
            if (!isReading)
            {
                position = journal.Head;
                isReading = true;
                _ = Task.Run(ReadAsync, CancellationToken.None);
            }

            var watch = new Watch(this, tenantId, position);
            if (!watches.TryGetValue(tenantId, out var list)) watches[tenantId] = list = [];
            list.Add(watch);
            return watch;
        }
    }

    private async Task ReadAsync()
    {
        var isNeeded = true;
        try
        {
            var lesson = index.Learn(position);
            var marked = position;
            while (true)
            {
                var records = await journal.ReadAsync(position, CommitsPerRead, stop);
                foreach (var record in records)
                {
                    lesson.See(record);
                    var (first, second) = await TenantsOfAsync(record.Partition);
                    isNeeded = Give(record, first, second, ref marked);
                    if (!isNeeded) return;
                }

                if (records.Count == 0) await journal.WaitBeyondAsync(position, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server drains. Watchers find out by themselves.
        }
        finally
        {
            // Whatever went wrong, each watcher meets it in its own call when it reads by itself.
            if (isNeeded) EndAll();
        }
    }

    // False: nobody watches any more, and reading ends.
    private bool Give(JournalRecord record, string? first, string? second, ref long marked)
    {
        lock (gate)
        {
            if (watches.Count == 0)
            {
                isReading = false;
                return false;
            }

            position = record.Position;
            GiveTo(first, record);
            if (second != first) GiveTo(second, record);
            if (position - marked < CommitsPerMark) return true;
            marked = position;
            foreach (var watch in watches.Values.SelectMany(list => list).ToArray())
            {
                watch.Put(new Told(position, null));
            }

            return true;
        }
    }

    private void GiveTo(string? tenantId, JournalRecord record)
    {
        if (tenantId is null || !watches.TryGetValue(tenantId, out var list)) return;
        foreach (var watch in list.ToArray())
        {
            watch.Put(new Told(record.Position, record));
        }
    }

    private async ValueTask<(string? First, string? Second)> TenantsOfAsync(PartitionId partition)
    {
        if (!partition.IsAgreement) return (partition.OwnerId, null);
        var agreement = await agreements.FindAsync(partition, stop);
        return (agreement?.First.TenantId, agreement?.Second.TenantId);
    }

    private void EndAll()
    {
        lock (gate)
        {
            isReading = false;
            foreach (var watch in watches.Values.SelectMany(list => list).ToArray())
            {
                watch.End();
            }
        }
    }

    private void Remove(Watch watch)
    {
        lock (gate)
        {
            if (!watches.TryGetValue(watch.TenantId, out var list)) return;
            list.Remove(watch);
            if (list.Count == 0) watches.Remove(watch.TenantId);
        }
    }

    /// <summary>One watcher's part of the journal's end.</summary>
    internal sealed class Watch(JournalTail tail, string tenantId, long startsAfter) : IDisposable
    {
        private readonly Channel<Told> queue = Channel.CreateBounded<Told>(
            new BoundedChannelOptions(QueueMax) { SingleReader = true, SingleWriter = true });

        public string TenantId => tenantId;

        public long StartsAfter => startsAfter;

        /// <summary>Completes when the watch has ended and all that was put before is read.</summary>
        public ChannelReader<Told> Reader => queue.Reader;

        public void Put(Told told)
        {
            if (!queue.Writer.TryWrite(told)) End();
        }

        public void End()
        {
            queue.Writer.TryComplete();
            tail.Remove(this);
        }

        public void Dispose() => End();
    }
}

/// <param name="Record">Null: nothing for the watcher up to the position.</param>
internal readonly record struct Told(long Position, JournalRecord? Record);
