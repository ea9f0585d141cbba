using System.Collections.Concurrent;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Hosting;

/// <summary>
/// Where several nodes write the store: tells the shards what the others commit, so that the states in memory are the newest
/// when the next call for them comes. What it tells is a hint: a commit that it misses, or tells late, costs a conflict.
/// </summary>
internal sealed class Follower(IGrainStore store, Action<PartitionId, ShardInput> post, Action<Exception> failed)
    : IAsyncDisposable
{
    private const int MostAtOnce = 1_000;

    /// <summary>Farther behind, it goes to the end of the journal at once: the grains that matter now are written there.</summary>
    private const int MostBehind = 20_000;

    /// <summary>Between two readings, so that the commits of many batches, and the own ones among them, are known together.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<(long First, long Last)> own = new();
    private Task? running;
    private long seen;

    public void Start()
    {
        seen = store.Head;
        running = Task.Run(RunAsync);
    }

    /// <summary>Commits of this node, of which the shards know.</summary>
    public void Pass(IReadOnlyList<Commit> batch, IReadOnlyList<CommitResult> results)
    {
        var (first, last) = (long.MaxValue, 0L);
        for (var index = 0; index < results.Count; index++)
        {
            if (results[index].Verdict == CommitVerdict.Done && batch[index].Writes.Count > 0)
            {
                first = Math.Min(first, results[index].Position);
                last = Math.Max(last, results[index].Position);
            }
        }

        if (last > 0)
        {
            own.Enqueue((first, last));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        if (running is not null)
        {
            await running.ConfigureAwait(false);
        }

        stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await store.WaitBeyondAsync(seen, stop.Token).ConfigureAwait(false);
                await Task.Delay(Pace, stop.Token).ConfigureAwait(false);
                await TellAsync(store.Head).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception cause)
            {
                failed(cause);
                await Task.Delay(PauseAfterFailure).ConfigureAwait(false);
            }
        }
    }

    private async Task TellAsync(long head)
    {
        if (head - seen > MostBehind)
        {
            seen = head;
        }

        while (seen < head)
        {
            var until = head;
            if (own.TryPeek(out var mine))
            {
                if (mine.First <= seen + 1)
                {
                    own.TryDequeue(out _);
                    seen = Math.Max(seen, mine.Last);
                    continue;
                }

                until = Math.Min(until, mine.First - 1);
            }

            var limit = (int)Math.Min(until - seen, MostAtOnce);
            var records = await store.ReadAsync(seen, limit, stop.Token).ConfigureAwait(false);
            foreach (var group in records.GroupBy(record => record.Partition))
            {
                post(group.Key, new CommitsSeen([.. group]));
            }

            seen += limit;
        }
    }
}
