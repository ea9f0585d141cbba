namespace Retention.Storage.Sqlite;

/// <summary>Where the store lives and every limit it keeps.</summary>
public sealed record SqliteOptions
{
    public required string Directory { get; init; }

    /// <summary>Commits whose index exists in memory only and is built again at a start.</summary>
    public int TailCommits { get; init; } = 100_000;

    /// <summary>The same bound in journal bytes.</summary>
    public long TailBytes { get; init; } = 128L << 20;

    /// <summary>
    /// A grain wants a snapshot when this many facts stand behind its last one. What leaves memory is saved far sooner, so
    /// this bounds only what a busy grain replays after a kill.
    /// </summary>
    public int FactsPerSnapshot { get; init; } = 512;

    /// <summary>Snapshots waiting to be written; more are dropped, which costs time and never truth.</summary>
    public int SnapshotsWaiting { get; init; } = 65_536;

    /// <summary>Snapshots written in one transaction.</summary>
    public int SnapshotsPerPiece { get; init; } = 1024;

    /// <summary>Index blocks written, merged or deleted in one transaction.</summary>
    public int BlocksPerPiece { get; init; } = 64;

    /// <summary>Sorted runs of one size that are merged into a run of the next size.</summary>
    public int RunsPerMerge { get; init; } = 4;

    /// <summary>Bits of the filter kept in memory for each key of a sorted run.</summary>
    public int FilterBitsPerKey { get; init; } = 14;

    /// <summary>Heads of grains that are kept in memory though nothing of them waits to be indexed.</summary>
    public int CleanHeads { get; init; } = 200_000;

    /// <summary>The write-ahead log is copied into the database beyond this size.</summary>
    public long CheckpointBytes { get; init; } = 4L << 20;

    /// <summary>Beyond this size the log is emptied even when readers must be waited for.</summary>
    public long LogBytesMax { get; init; } = 64L << 20;

    /// <summary>Page cache of the one connection that writes.</summary>
    public int WriterCacheKilobytes { get; init; } = 32 * 1024;

    /// <summary>Page cache of each connection that reads.</summary>
    public int ReaderCacheKilobytes { get; init; } = 4 * 1024;

    /// <summary>Connections that read at once; more callers wait.</summary>
    public int Readers { get; init; } = 4;

    /// <summary>After this time without a commit the store tidies up.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Pages that the database may have; 0 leaves it to the disk.</summary>
    public long PagesMax { get; init; }
}
