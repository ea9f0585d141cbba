using System.Diagnostics;
using Retention.Engine.Ports;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>Killed processes, second processes, disks that fail.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();

    private SqliteOptions Options => ChildWriter.Options(directory.Path);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        directory.Delete();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task No_acknowledged_commit_is_lost_when_the_process_is_killed_again_and_again()
    {
        var random = new Random(1);
        for (var cycle = 0; cycle < 6; cycle++)
        {
            using var child = ChildWriter.Start(directory.Path);
            var output = await KillAfter(child, lines: 20 + random.Next(60));
            await using var store = SqliteGrainStore.Open(Options);

            Assert.True(ChildWriter.LastPosition(output) > 0);
            await ChildWriter.Check(store, ChildWriter.LastPosition(output));
        }
    }

    [Fact]
    public async Task A_second_process_is_refused_and_told_the_directory()
    {
        await using var store = SqliteGrainStore.Open(Options);
        using var child = ChildWriter.Start(directory.Path);
        var said = await child.StandardOutput.ReadToEndAsync(Some.Deadline);
        await child.WaitForExitAsync(Some.Deadline);

        Assert.Equal(4, child.ExitCode);
        Assert.Contains(directory.Path, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_store_is_refused_within_a_second_and_the_first_goes_on()
    {
        await using var store = SqliteGrainStore.Open(Options);

        // A machine that is busy may be late once, but not each time.
        var quickest = Enumerable.Range(0, 3).Min(_ =>
        {
            var started = Stopwatch.GetTimestamp();
            var refused = Assert.Throws<StoreInUseException>(() => SqliteGrainStore.Open(Options));
            Assert.Contains(directory.Path, refused.Message, StringComparison.Ordinal);
            return Stopwatch.GetElapsedTime(started);
        });

        Assert.InRange(quickest.TotalSeconds, 0, 1);
        Assert.Equal([CommitVerdict.Done], await store.Verdicts(ChildWriter.Nth(1)));
    }

    [FactWithStrace]
    public async Task An_error_of_a_sync_ends_all_writing_and_loses_nothing_acknowledged()
    {
        // The first eight are of the start, which fails as a whole.
        foreach (var nth in (int[])[12, 25, 60])
        {
            using var child = ChildWriter.Start(
                directory.Path, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync",
                "-e", $"inject=fdatasync,fsync:error=EIO:when={nth}+");
            var output = await child.StandardOutput.ReadToEndAsync(Some.Deadline);
            await child.WaitForExitAsync(Some.Deadline);

            Assert.Equal(3, child.ExitCode);
            Assert.EndsWith("broken\n", output, StringComparison.Ordinal);
            await using var store = SqliteGrainStore.Open(Options);
            await ChildWriter.Check(store, ChildWriter.LastPosition(output));
        }
    }

    [FactWithStrace]
    public async Task A_full_disk_refuses_commits_and_loses_nothing_acknowledged()
    {
        // Some writes of each thread fail, then there is room again.
        using var child = ChildWriter.Start(
            directory.Path, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64",
            "-e", "inject=pwrite64:error=ENOSPC:when=200..260");
        var output = await KillWhen(child, said => said.Contains("Full", StringComparison.Ordinal) && AfterFull(said) > 0);
        await using var store = SqliteGrainStore.Open(Options);

        await ChildWriter.Check(store, ChildWriter.LastPosition(output));
    }

    /// <summary>The last position said after the last refusal.</summary>
    private static long AfterFull(string said) =>
        ChildWriter.LastPosition(said[said.LastIndexOf("Full", StringComparison.Ordinal)..]);

    private static Task<string> KillAfter(Process child, int lines) => KillWhen(child, _ => lines-- == 0);

    private static async Task<string> KillWhen(Process child, Func<string, bool> enough)
    {
        var said = "";
        while (!enough(said))
        {
            var line = await child.StandardOutput.ReadLineAsync(Some.Deadline);
            Assert.False(line is null, $"The child ended by itself after: {said}");
            said += line + "\n";
        }

        child.Kill(entireProcessTree: true);
        said += await child.StandardOutput.ReadToEndAsync(Some.Deadline);
        await child.WaitForExitAsync(Some.Deadline);
        return said;
    }
}
