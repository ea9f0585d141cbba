using Retention.Engine.Ports;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>A log that is damaged before its end is refused; one that a power cut tore at its end is not.</summary>
public sealed class LogCheckTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly TemporaryDirectory copy = new();

    private string LogPath => Path.Combine(copy.Path, "retention.db-wal");

    public async Task InitializeAsync()
    {
        await using var store = SqliteGrainStore.Open(new SqliteOptions
        {
            Directory = directory.Path, IdleAfter = TimeSpan.FromMinutes(5),
        });
        for (var position = 1; position <= 20; position++)
        {
            await store.Commit(ChildWriter.Nth(position));
        }

        // As a killed process leaves it.
        foreach (var name in (string[])["retention.db", "retention.db-wal"])
        {
            File.Copy(Path.Combine(directory.Path, name), Path.Combine(copy.Path, name));
        }
    }

    public Task DisposeAsync()
    {
        directory.Delete();
        copy.Delete();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_log_whose_end_was_torn_serves_all_commits_before_it()
    {
        using (var log = File.Open(LogPath, FileMode.Open))
        {
            log.SetLength(log.Length - 1000);
        }

        await using var store = SqliteGrainStore.Open(new SqliteOptions { Directory = copy.Path });

        await ChildWriter.Check(store, 19);
    }

    [Fact]
    public void A_flipped_bit_in_the_middle_is_damage_and_not_a_shorter_history()
    {
        var log = File.ReadAllBytes(LogPath);
        log[log.Length / 2] ^= 1;
        File.WriteAllBytes(LogPath, log);

        Assert.Throws<StoreDamagedException>(() => SqliteGrainStore.Open(new SqliteOptions { Directory = copy.Path }));
        Assert.Throws<StoreDamagedException>(() => SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = copy.Path }));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(30)]
    public void A_flipped_bit_in_the_head_is_damage_too(int at)
    {
        var log = File.ReadAllBytes(LogPath);
        log[at] ^= 1;

        Assert.True(LogCheck.IsDamaged(log));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(21)]
    [InlineData(26)]
    public void A_head_that_was_being_written_over_an_older_log_is_none(int written)
    {
        var log = File.ReadAllBytes(LogPath);
        var newer = log[..32];
        newer[15]++;
        newer[19]++;
        newer.AsSpan(20).Fill(0xA5);
        newer.AsSpan(0, written).CopyTo(log);

        Assert.False(LogCheck.IsDamaged(log));
    }
}
