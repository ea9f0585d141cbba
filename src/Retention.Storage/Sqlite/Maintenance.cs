using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// The work that no caller waits for: snapshots, the index, checkpoints. It prepares without holding the writer and
/// writes in short transactions between the commits.
/// </summary>
internal sealed class Maintenance : IDisposable
{
    private readonly StoreParts parts;
    private readonly Writer writer;
    private readonly Session reader;
    private readonly IndexWriter index;
    private readonly SnapshotWriter snapshots;
    private readonly AutoResetEvent wake = new(false);
    private readonly ManualResetEventSlim room = new(true);
    private readonly Thread thread;
    private volatile bool stopping;
    private volatile bool stuck;
    private int sleeping;
    private long calls;

    public Maintenance(StoreParts parts, Writer writer, Session reader)
    {
        this.parts = parts;
        this.writer = writer;
        this.reader = reader;
        index = new IndexWriter(parts, new BlockTable(writer, parts.Options), reader);
        snapshots = new SnapshotWriter(writer, parts.Tail, parts.Snapshots, parts.Options);
        thread = new Thread(Loop) { IsBackground = true, Name = "store maintenance" };
        thread.Start();
    }

    /// <summary>Tells that something was committed or offered.</summary>
    public void Wake()
    {
        Interlocked.Increment(ref calls);
        if (parts.Tail.Freeze(whateverSize: false) || writer.LogIsLong || SnapshotsPressing
            || Volatile.Read(ref sleeping) == 1)
        {
            wake.Set();
        }
    }

    /// <summary>Holds commits back while they come faster than the index takes them up. False: it has no room to do so.</summary>
    public bool WaitForRoom()
    {
        while (parts.Tail.IsOverfull && writer.Broken is null)
        {
            if (stuck)
            {
                return false;
            }

            room.Reset();
            wake.Set();
            if (parts.Tail.IsOverfull)
            {
                room.Wait(TimeSpan.FromMilliseconds(100));
            }
        }

        return true;
    }

    /// <summary>Finishes what is begun, so that the next start finds nothing to read again.</summary>
    public void Dispose()
    {
        stopping = true;
        wake.Set();
        thread.Join();
        wake.Dispose();
        room.Dispose();
        reader.Dispose();
    }

    private bool SnapshotsPressing => parts.Snapshots.Waiting * 16 >= parts.Options.SnapshotsWaiting;

    private void Loop()
    {
        try
        {
            while (!stopping)
            {
                Wait();
            }

            // The second round takes up what was committed while the first one froze.
            for (var round = 0; round < 2; round++)
            {
                parts.Tail.Freeze(whateverSize: true);
                Work(idle: round == 1, snapshotsToo: true);
            }
        }
        catch (StoreBrokenException)
        {
            // The commits say so too; the host ends the process.
        }
        catch (StoreDamagedException damage)
        {
            writer.Stop(damage);
        }
        catch (SqliteFailure failure)
        {
            writer.Stop(new StoreDamagedException(failure.Message));
        }

        room.Set();
    }

    /// <summary>Works when woken, at every interval while there are commits, and once more when they have ceased.</summary>
    private void Wait()
    {
        var seen = Interlocked.Read(ref calls);
        var woken = wake.WaitOne(parts.Options.IdleAfter);
        var idle = !woken && Interlocked.Read(ref calls) == seen;
        Work(idle, snapshotsToo: !woken || SnapshotsPressing);
        if (idle)
        {
            Interlocked.Exchange(ref sleeping, 1);
            if (Interlocked.Read(ref calls) == seen && !stopping)
            {
                wake.WaitOne();
            }

            Interlocked.Exchange(ref sleeping, 0);
        }
    }

    private void Work(bool idle, bool snapshotsToo)
    {
        if (snapshotsToo)
        {
            snapshots.Write();
        }

        do
        {
            writer.Checkpoint(idle: false);
        }
        while (index.Step(onlyTakeUp: stopping));

        stuck = index.HasNoRoom;
        room.Set();
        writer.Checkpoint(idle);
    }
}
