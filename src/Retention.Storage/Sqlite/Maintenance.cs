using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// The work that no caller waits for: snapshots, the index, checkpoints. It prepares without holding the writer and
/// writes in short transactions between the commits.
/// </summary>
internal sealed class Maintenance : IDisposable
{
    private readonly Writer writer;
    private readonly SqliteOptions options;
    private readonly SnapshotWriter snapshots;
    private readonly AutoResetEvent wake = new(false);
    private readonly Thread thread;
    private volatile bool stopping;
    private volatile bool busy;

    public Maintenance(Writer writer, SnapshotWriter snapshots, SqliteOptions options)
    {
        this.writer = writer;
        this.options = options;
        this.snapshots = snapshots;
        thread = new Thread(Loop) { IsBackground = true, Name = "store maintenance" };
        thread.Start();
    }

    public void Wake()
    {
        busy = true;
        wake.Set();
    }

    public void Dispose()
    {
        stopping = true;
        wake.Set();
        thread.Join();
        wake.Dispose();
    }

    private void Loop()
    {
        while (!stopping)
        {
            try
            {
                var idle = !wake.WaitOne(busy ? options.IdleAfter : Timeout.InfiniteTimeSpan) && !stopping;
                busy = !idle;
                writer.Checkpoint(idle);
                snapshots.Write();
            }
            catch (StoreBrokenException)
            {
                // The commits say so too; the host ends the process.
                return;
            }
        }
    }
}
