using Retention.Engine.Ports;
using Retention.Storage.Sqlite;
using SQLitePCL;

namespace Retention.Storage.Tests;

/// <summary>What must hold of SQLite itself and of the directory, so that its known bug cannot bite.</summary>
public sealed class SqliteRulesTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();

    private SqliteOptions Options => new() { Directory = directory.Path };

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        directory.Delete();
        return Task.CompletedTask;
    }

    [Fact]
    public void The_library_is_the_one_that_the_advisory_page_speaks_of() =>
        Assert.Equal("3.50.4", SqliteGrainStore.SqliteVersion);

    [Fact]
    public async Task A_second_connection_that_could_write_is_never_opened()
    {
        await using var store = SqliteGrainStore.Open(SqliteSmallLimitsTests.Small(Options));
        for (var position = 1; position <= 100; position++)
        {
            await store.Commit(ChildWriter.Nth(position));
            await store.Load(Some.Customer("1"));
        }

        var path = Path.Combine(directory.Path, "retention.db");
        Assert.Throws<InvalidOperationException>(() => Database.OpenWriter(path, cacheKilobytes: 100));
        using var reader = Database.OpenReader(path, cacheKilobytes: 100);
        Assert.ThrowsAny<Exception>(() => reader.Run("DELETE FROM journal"));
        Assert.Equal((0, 0), (reader.Number("PRAGMA wal_autocheckpoint"), reader.Number("PRAGMA mmap_size")));
    }

    [Fact]
    public async Task A_directory_of_a_newer_program_is_refused()
    {
        await SqliteGrainStore.Open(Options).DisposeAsync();
        Batteries_V2.Init();
        raw.sqlite3_open(Path.Combine(directory.Path, "retention.db"), out var database);
        raw.sqlite3_exec(database, "PRAGMA user_version = 99");
        raw.sqlite3_close(database);

        var refused = Assert.Throws<StoreTooNewException>(() => SqliteGrainStore.Open(Options));

        Assert.Contains("99", refused.Message, StringComparison.Ordinal);
        Assert.Throws<StoreTooNewException>(() => SqliteGrainStore.OpenReadOnly(Options));
    }

    [Fact]
    public async Task A_store_opened_for_reading_shows_everything_and_writes_nothing()
    {
        await using (var store = SqliteGrainStore.Open(Options))
        {
            await store.Commit([.. Enumerable.Range(1, 50).Select(x => ChildWriter.Nth(x))]);
        }

        var before = File.ReadAllBytes(Path.Combine(directory.Path, "retention.db"));
        await using (var copy = SqliteGrainStore.OpenReadOnly(Options))
        {
            await ChildWriter.Check(copy, 50);
            Assert.Empty(copy.FindDamage());
            await Assert.ThrowsAsync<InvalidOperationException>(() => copy.Commit(ChildWriter.Nth(51)));
            Assert.Throws<StoreInUseException>(() => SqliteGrainStore.Open(Options));
        }

        Assert.Equal(before, File.ReadAllBytes(Path.Combine(directory.Path, "retention.db")));
    }

    [Fact]
    public void A_directory_without_a_store_cannot_be_opened_for_reading() =>
        Assert.Throws<FileNotFoundException>(() => SqliteGrainStore.OpenReadOnly(Options));
}
