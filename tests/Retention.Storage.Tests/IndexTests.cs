using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>What leaves the memory is found again, and the memory stays bounded.</summary>
public sealed class IndexTests : IAsyncLifetime
{
    private const int Many = 3000;

    // The busy grain rests while the last runs are written, so that merged runs must answer for it.
    private const int Busy = 2000;
    private readonly TemporaryDirectory directory = new();

    private SqliteOptions Options => new()
    {
        Directory = directory.Path, TailCommits = 600, RunsPerMerge = 2, IdleAfter = TimeSpan.FromMilliseconds(5), BlocksPerPiece = 3,
    };

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        directory.Delete();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Keys_and_grains_of_many_merged_runs_are_found_and_new_keys_cost_no_look()
    {
        await using (var first = SqliteGrainStore.Open(Options))
        {
            await Fill(first);
            await Eventually.Is(() => first.Figures() is { KeyRuns: <= 4, GrainRuns: <= 4 });
        }

        // Opened again, so that every head comes from the runs and none from memory.
        await using var store = SqliteGrainStore.Open(Options);
        Assert.Equal(Busy, (await store.Load(new GrainId(Some.Tenant, "offer", "hot"))).Version);
        for (var number = 0; number < Many; number += 7)
        {
            Assert.Equal(number + 1, (await store.Find(Some.Key($"a{number}")))?.Position);
            Assert.Equal($"{number}", await store.Facts(Some.Customer($"{number}")));
        }

        var mistaken = Enumerable.Range(0, 10_000).Count(x => store.MayHold(Some.Key($"new{x}")));
        Assert.InRange(mistaken, 0, 100);
        Assert.Empty(store.FindDamage());
    }

    [Fact]
    public async Task Many_keys_are_found_while_the_index_is_replaced()
    {
        await using (var first = SqliteGrainStore.Open(Options))
        {
            await Fill(first);
        }

        await using var store = SqliteGrainStore.Open(Options);
        var asked = 0;
        var keys = Enumerable.Range(0, 20).Select(number =>
        {
            // After the first answer, which fixes what this reader sees of the database.
            if (++asked == 2) FillMore(store);
            return Some.Key($"a{number}");
        });

        Assert.Equal(Enumerable.Range(1, 20).Select(x => (long)x), await store.PositionsAsync(new Late<LedgerKey>(keys), default));
        Assert.True(asked > 20, "the index was not replaced meanwhile");
    }

    [Fact]
    public async Task The_tail_that_a_start_reads_stays_bounded_while_commits_pour_in()
    {
        await using var store = SqliteGrainStore.Open(Options);
        var longest = 0;
        for (var number = 0; number < Many; number += 50)
        {
            await store.Commit([.. Enumerable.Range(number, 50).Select(Commit)]);
            longest = Math.Max(longest, store.Figures().TailCommits);
        }

        // One batch may still come when the bound is reached.
        Assert.InRange(longest, Options.TailCommits / 2, Options.TailCommits + 50);
        await Eventually.Is(() => store.Figures().TailCommits <= Options.TailCommits);
    }

    [Fact]
    public async Task When_commits_cease_the_log_is_emptied_into_the_database()
    {
        await using var store = SqliteGrainStore.Open(Options);
        await Fill(store);

        await Eventually.Is(() => store.Figures().LogBytes == 0);

        Assert.True(store.Figures().DatabaseBytes > 0);
    }

    [Fact]
    public async Task A_closed_store_leaves_nothing_to_read_again()
    {
        await using (var store = SqliteGrainStore.Open(Options))
        {
            await Fill(store);
        }

        await using var again = SqliteGrainStore.Open(Options);
        Assert.Equal(0, again.Figures().TailCommits);
        Assert.Equal(Many, again.Head);
    }

    [Fact]
    public void The_writing_connection_waits_for_the_disk_at_every_commit()
    {
        using var writer = Database.OpenWriter(Path.Combine(directory.Path, "settings.db"), cacheKilobytes: 100);

        Assert.Equal((2, 0, 0), (
            writer.Number("PRAGMA synchronous"), writer.Number("PRAGMA wal_autocheckpoint"), writer.Number("PRAGMA mmap_size")));
    }

    private static Commit Commit(int number)
    {
        var enrolled = Some.Write(Some.Customer($"{number}"), 0, $"{number}");
        var used = Some.Write(new GrainId(Some.Tenant, "offer", "hot"), number, "use");
        var ledger = Some.Ledger("r", Some.Key($"a{number}"), Some.Key($"b{number}"));
        return number < Busy ? Some.Commit(ledger, enrolled, used) : Some.Commit(ledger, enrolled);
    }

    // Until no block of the index is left that was there before.
    private void FillMore(SqliteGrainStore store)
    {
        using var database = Database.OpenReader(Path.Combine(directory.Path, "retention.db"), cacheKilobytes: 100);
        var last = database.Number("SELECT max(id) FROM block");
        for (var number = Many; database.Number("SELECT min(id) FROM block") <= last; number += 50)
        {
            store.Commit([.. Enumerable.Range(number, 50).Select(Commit)]).GetAwaiter().GetResult();
        }
    }

    /// <summary>A list whose elements are made when they are asked for.</summary>
    private sealed class Late<T>(IEnumerable<T> elements) : IReadOnlyList<T>
    {
        public int Count => elements.Count();

        public T this[int index] => elements.ElementAt(index);

        public IEnumerator<T> GetEnumerator() => elements.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private static async Task Fill(SqliteGrainStore store)
    {
        for (var number = 0; number < Many; number += 50)
        {
            Assert.All(await store.Verdicts([.. Enumerable.Range(number, 50).Select(Commit)]), x => Assert.Equal(CommitVerdict.Done, x));
        }
    }
}
