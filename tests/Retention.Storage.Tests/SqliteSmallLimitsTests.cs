using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>The same contract where nearly everything leaves the memory at once: index, merges, folding, checkpoints.</summary>
public sealed class SqliteSmallLimitsTests : SqliteStoreTests
{
    public static SqliteOptions Small(SqliteOptions options) => options with
    {
        TailCommits = 4,
        FactsPerSnapshot = 3,
        SnapshotsPerPiece = 2,
        BlocksPerPiece = 1,
        RunsPerMerge = 2,
        CleanHeads = 1000,
        CheckpointBytes = 16 * 1024,
        LogBytesMax = 64 * 1024,
        IdleAfter = TimeSpan.FromMilliseconds(5),
        Readers = 1,
    };

    protected override SqliteOptions SmallLimits(SqliteOptions options) => Small(options);
}
