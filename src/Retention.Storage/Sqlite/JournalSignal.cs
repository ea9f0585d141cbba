namespace Retention.Storage.Sqlite;

/// <summary>Lets followers of the journal sleep until something was committed.</summary>
internal sealed class JournalSignal
{
    private TaskCompletionSource? next;

    public void Set() => Interlocked.Exchange(ref next, null)?.SetResult();

    public async Task WaitAsync(Func<bool> isBeyond, CancellationToken stop)
    {
        while (!isBeyond())
        {
            var waiting = Next();

            // Asked again after the wait was registered: a commit in between has already gone by.
            if (isBeyond())
            {
                return;
            }

            await waiting.Task.WaitAsync(stop).ConfigureAwait(false);
        }
    }

    private TaskCompletionSource Next()
    {
        var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return Interlocked.CompareExchange(ref next, fresh, null) ?? fresh;
    }
}
