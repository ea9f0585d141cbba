using System.Collections.Concurrent;

namespace Retention.Engine.Hosting;

/// <summary>
/// A thread that takes all that is queued at once and hands it on as one list. Sleeps when there is nothing, at once:
/// spinning, it would hold a core that the shard needs.
/// </summary>
internal sealed class WorkThread<T> : IDisposable
{
    private readonly ConcurrentQueue<T> queue = new();
    private readonly object gate = new();
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
            Wake();
        }
    }

    /// <summary>Finishes what is queued, then ends the thread.</summary>
    public void Dispose()
    {
        stopping = true;
        Wake();
        thread.Join();
    }

    private void Wake()
    {
        lock (gate)
        {
            Monitor.Pulse(gate);
        }
    }

    private void Sleep()
    {
        lock (gate)
        {
            while (Interlocked.Exchange(ref announced, 0) == 0 && !stopping)
            {
                Monitor.Wait(gate);
            }
        }
    }

    private void Loop()
    {
        var taken = new List<T>();
        while (true)
        {
            Sleep();
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
