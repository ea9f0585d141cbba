using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>
/// The law: whatever is committed, saved, restarted, a store answers as the plain model does.
/// A failing seed is in the test's name; it repeats the same calls.
/// </summary>
public sealed class ModelComparisonTests : IAsyncLifetime
{
    private const int Steps = 150;
    private readonly TemporaryDirectory directory = new();

    public static IEnumerable<object[]> Seeds =>
        from seed in Enumerable.Range(1, 10)
        from small in new[] { true, false }
        where !small || seed <= 4
        select new object[] { seed, small };

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        directory.Delete();
        return Task.CompletedTask;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task The_store_answers_as_the_model_does(int seed, bool small)
    {
        var options = new SqliteOptions { Directory = directory.Path };
        options = small ? SqliteSmallLimitsTests.Small(options) : options;
        await using var run = new GeneratedRun(() => SqliteGrainStore.Open(options), seed);
        await run.Play(Steps);
    }
}
