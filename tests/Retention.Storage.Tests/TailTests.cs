using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>A head kept in memory is never older than one that was committed.</summary>
public sealed class TailTests
{
    private static readonly GrainId Ann = Some.Customer("ann");
    private readonly Tail tail = new(new SqliteOptions { Directory = "none" });
    private readonly Batch batch = new();
    private long position;

    [Fact]
    public void A_head_read_from_the_index_does_not_outlive_a_newer_commit()
    {
        Assert.False(tail.TryHead(Ann, out _, out _, out var mark));
        tail.Keep(Ann, new Head(1, 1, 0), mark);

        Commit(Ann, 1);
        Retire();
        Commit(Some.Customer("bob"), 0);
        Retire();

        Assert.False(tail.TryHead(Ann, out var stale, out _, out _), $"{stale}");
    }

    [Fact]
    public void A_head_whose_reading_took_longer_than_a_newer_commit_is_not_kept()
    {
        tail.TryHead(Ann, out _, out _, out var mark);

        Commit(Ann, 1);
        tail.Keep(Ann, new Head(1, 1, 0), mark);
        Assert.True(tail.TryHead(Ann, out var head, out _, out _));
        Assert.Equal(2, head.Version);

        Retire();
        Commit(Some.Customer("bob"), 0);
        Retire();
        tail.Keep(Ann, new Head(1, 1, 0), mark);

        Assert.False(tail.TryHead(Ann, out var stale, out _, out _), $"{stale}");
    }

    private void Commit(GrainId grain, long version)
    {
        batch.Start(position);
        batch.Add(Some.Commit(Some.Write(grain, version, "x")), [new Head(version, position, 0)], bytes: 1);
        position = batch.Position;
        tail.Publish(batch);
    }

    private void Retire()
    {
        Assert.True(tail.Freeze(whateverSize: true));
        tail.Replace(StoreIndex.Empty with { Watermark = position }, retire: true);
    }
}
