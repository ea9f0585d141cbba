using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>What an open store consists of, and how it is brought up from the directory.</summary>
internal sealed class StoreParts : IDisposable
{
    private const string FileName = "retention.db";
    private readonly DirectoryLock? directoryLock;
    private bool opened;

    private StoreParts(SqliteOptions options, DirectoryLock? directoryLock, Writer? writer)
    {
        Options = options;
        this.directoryLock = directoryLock;
        Writer = writer;
        Tail = new Tail(options);
        Snapshots = new SnapshotQueue(options);
        Readers = new ReaderPool(Path.Combine(options.Directory, FileName), options);
    }

    public SqliteOptions Options { get; }

    public Writer? Writer { get; }

    public ReaderPool Readers { get; }

    public Tail Tail { get; }

    public SnapshotQueue Snapshots { get; }

    public PendingEffects Effects { get; } = new();

    public ReminderQueue Reminders { get; } = new();

    /// <summary>The index's extent as it was found at the start.</summary>
    public Manifest Manifest { get; set; } = Manifest.Empty;

    public long Head { get; private set; }

    public static StoreParts Open(SqliteOptions options)
    {
        Directory.CreateDirectory(options.Directory);
        var directoryLock = DirectoryLock.Take(options.Directory);
        return Bring(directoryLock, () =>
            new StoreParts(options, directoryLock, new Writer(Path.Combine(options.Directory, FileName), options)));
    }

    public static StoreParts OpenReadOnly(SqliteOptions options)
    {
        var path = Path.Combine(options.Directory, FileName);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no data directory at {Path.GetFullPath(options.Directory)}.");
        }

        var directoryLock = DirectoryLock.TakeIfPresent(options.Directory);
        return Bring(directoryLock, () =>
        {
            LogCheck.Require(path + "-wal");
            return new StoreParts(options, directoryLock, null);
        });
    }

    /// <summary>Takes a durable batch up into memory.</summary>
    public void Publish(Batch batch)
    {
        Tail.Publish(batch);
        var position = batch.Position - batch.Stored.Count;
        foreach (var commit in batch.Stored)
        {
            position++;
            for (var index = 0; index < commit.Writes.Count; index++)
            {
                var write = commit.Writes[index];
                Effects.Note(write.Grain, write.ExpectedVersion, write.NewVersion, position);
            }

            for (var index = 0; index < commit.Reminders.Count; index++)
            {
                Reminders.Note(commit.Reminders[index]);
            }
        }

        foreach (var (grain, head) in batch.Heads)
        {
            Snapshots.Note(grain, head);
        }
    }

    public StoreFigures Figures()
    {
        var index = Tail.Index;
        var path = Path.Combine(Options.Directory, FileName);
        return new StoreFigures(
            Size(path + "-wal"), Size(path), Writer?.BytesWritten ?? 0, Tail.Commits, Snapshots.Waiting,
            Snapshots.Wishes, Reminders.Count, index.Grains.Length, index.Keys.Length,
            index.Grains.Concat(index.Keys).Sum(x => (long)x.Filter.Bytes.Length));
    }

    public void Dispose()
    {
        Readers.Dispose();
        Writer?.Dispose();
        directoryLock?.Dispose();
    }

    private static long Size(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static StoreParts Bring(DirectoryLock? directoryLock, Func<StoreParts> create)
    {
        StoreParts? parts = null;
        try
        {
            parts = create();
            parts.Head = parts.Restore();
            parts.opened = true;
            return parts;
        }
        catch (SqliteFailure failure)
        {
            throw failure.AsRead();
        }
        finally
        {
            if (parts is not { opened: true })
            {
                parts?.Dispose();
                directoryLock?.Dispose();
            }
        }
    }

    /// <summary>A connection of its own for work beside the commits.</summary>
    public Session OpenReader() => Readers.Open();

    private long Restore() => Writer is { } writer
        ? Recovery.Run(this, writer.Session)
        : Readers.AskAsync(session => Recovery.Run(this, session), default).AsTask().GetAwaiter().GetResult();
}
