using Retention.Engine.Ports;
using Retention.Simulation;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>The law: bytes that are not what was written are never served; every answer is right or an error.</summary>
public sealed class DamageTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly ModelStore model = new();

    public static IEnumerable<object[]> Seeds => from seed in Enumerable.Range(1, 3) select new object[] { seed };

    private string DatabasePath => Path.Combine(directory.Path, "retention.db");

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        directory.Delete();
        return Task.CompletedTask;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Flipped_bytes_are_found_or_harmless(int seed)
    {
        await Fill(seed);
        var whole = File.ReadAllBytes(DatabasePath);
        var random = new Random(seed);
        var found = 0;
        for (var round = 0; round < 60; round++)
        {
            var damaged = (byte[])whole.Clone();
            foreach (var _ in Enumerable.Range(0, 1 + random.Next(3)))
            {
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            File.WriteAllBytes(DatabasePath, damaged);
            found += await AnswersTruly() ? 0 : 1;
        }

        Assert.True(found > 10, $"only {found} of 60 damages were noticed at all");
    }

    [Fact]
    public async Task A_planted_change_of_a_record_is_named_by_the_scan()
    {
        await Fill(1);
        Execute("UPDATE journal SET record = substr(record, 1, 20) || x'99' || substr(record, 22) WHERE position = 1");

        await using var store = SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = directory.Path });

        Assert.Contains(store.FindDamage(), x => x.Contains("Journal record 1 ", StringComparison.Ordinal));
        await Assert.ThrowsAsync<StoreDamagedException>(() => store.Load(Some.Customer("stands out")));
    }

    [Fact]
    public async Task A_whole_store_with_snapshots_shows_no_damage()
    {
        await Fill(1);

        await using (var store = SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = directory.Path }))
        {
            Assert.Empty(store.FindDamage());
        }

        using var scan = StoreScan.Open(directory.Path, isLocked: false);
        Assert.NotEmpty(scan.Snapshots());
    }

    [Fact]
    public async Task A_lost_row_of_the_journal_is_damage_and_not_a_shorter_history()
    {
        await Fill(1);
        Execute("DELETE FROM journal WHERE position = 7");

        await using var store = SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = directory.Path });

        await Assert.ThrowsAsync<StoreDamagedException>(() => store.Journal());
        await Assert.ThrowsAsync<StoreDamagedException>(async () => await store.ReadAsync(0, 9, Some.Deadline));
        Assert.Contains(store.FindDamage(), x => x.Contains("record 7 is missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_journal_that_ends_before_the_index_does_is_refused()
    {
        await Fill(1);
        Execute($"DELETE FROM journal WHERE position = {model.Head}");

        Assert.Throws<StoreDamagedException>(() => SqliteGrainStore.Open(new SqliteOptions { Directory = directory.Path }));
    }

    private async Task Fill(int seed)
    {
        var generated = new GeneratedCommits(seed);
        await using var store = SqliteGrainStore.Open(
            SqliteSmallLimitsTests.Small(new SqliteOptions { Directory = directory.Path }) with { TailCommits = 40 });
        var outstanding = Some.Commit(Some.Write(Some.Customer("stands out"), 0, "a fact that stands out"));
        ModelComparison.Results(model.Commit([outstanding]), await store.Commit(outstanding));
        for (var step = 0; step < 60; step++)
        {
            var batch = generated.Batch(model);
            ModelComparison.Results(model.Commit(batch), await store.Commit(batch));
            store.SaveSnapshots([.. store.SnapshotsWanted(9).Select(x => (Grain: x, model.Load(x).Version))
                .Select(x => new Snapshot(x.Grain, x.Version, Some.Bytes($"{x.Version}")))]);
        }
    }

    /// <summary>True when nothing was noticed and every answer was right; false when the damage was reported.</summary>
    private async Task<bool> AnswersTruly()
    {
        try
        {
            await using var store = SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = directory.Path });
            await new ModelComparison(model, store).All();
            return true;
        }
        catch (Exception reported) when (reported is StoreDamagedException or IOException or StoreTooNewException)
        {
            return false;
        }
    }

    private void Execute(string sql)
    {
        using var database = Database.OpenWriter(DatabasePath, cacheKilobytes: 100);
        database.Run(sql);
        database.Checkpoint(truncate: true, out _);
    }
}
