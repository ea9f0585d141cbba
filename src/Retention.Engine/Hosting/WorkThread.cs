using System.Collections.Concurrent;

namespace Retention.Engine.Hosting;

/// <summary>A thread that takes all that is queued at once and hands it on as one list. Sleeps when there is nothing.</summary>
internal sealed class WorkThread<T> : IDisposable
{
    private readonly ConcurrentQueue<T> queue = new();
    private readonly SemaphoreSlim signal = new(0);
    private readonly Action<List<T>> work;
    private readonly int most;
    private readonly Thread thread;
    private volatile bool stopping;
    private int announced;

    public WorkThread(string name, int most, Action<List<T>> work)
    {
        this.work = work;
        this.most = most;
        thread = new Thread(Loop) { Name = name, IsBackground = true };
        thread.Start();
    }

    public int Count => queue.Count;

    public void Add(T item)
    {
        queue.Enqueue(item);
        if (Interlocked.Exchange(ref announced, 1) == 0)
        {
            signal.Release();
        }
    }

    /// <summary>Finishes what is queued, then ends the thread.</summary>
    public void Dispose()
    {
        stopping = true;
        signal.Release();
        thread.Join();
        signal.Dispose();
    }

    private void Loop()
    {
        var taken = new List<T>();
        while (true)
        {
            signal.Wait();
            Interlocked.Exchange(ref announced, 0);
            while (!queue.IsEmpty)
            {
                taken.Clear();
                while (taken.Count < most && queue.TryDequeue(out var item))
                {
                    taken.Add(item);
                }

                work(taken);
            }

            if (stopping && queue.IsEmpty)
            {
                return;
            }
        }
    }
}
