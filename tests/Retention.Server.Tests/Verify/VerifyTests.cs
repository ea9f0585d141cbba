using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Retention.Kernel;
using Retention.Server.Commands;
using Retention.Server.Tests.Support;
using Retention.Server.Verify;
using Retention.Storage.Sqlite;

namespace Retention.Server.Tests.Verify;

/// <summary>Damage that somebody with the database file could do, checksums made right, is found and named.</summary>
public sealed class VerifyTests(PlayedBooks books) : IClassFixture<PlayedBooks>
{
    [Fact]
    public async Task Sound_books_have_no_differences()
    {
        var copy = books.Copy();

        var report = await ReportAsync(copy);

        Assert.Empty(report.Listed);
        Assert.Equal(0, await CommandLine.RunAsync(["verify", "--data", copy]));
        Assert.True(report.Grains > 500);
        Assert.True(report.Events > report.Grains);
    }

    [Fact]
    public async Task Books_that_are_read_in_many_parts_come_to_the_same()
    {
        var copy = books.Copy();
        var whole = await ReportAsync(copy);

        var inParts = await new Verification(
            new VerifiedDirectory(copy), StoredKinds.All, StoredKinds.Laws(), ConsoleProgress.Silent.Show, bytesPerPart: 64 << 10)
            .RunAsync(CancellationToken.None);

        Assert.Equal((whole.Grains, whole.Events, 0), (inParts.Grains, inParts.Events, inParts.Differences));
    }

    [Theory]
    [InlineData("customer", "q")]
    [InlineData("account", "first_net")]
    public async Task A_saved_state_that_was_changed_is_named(string kind, string number)
    {
        var copy = books.Copy();
        var (grain, version, state) = PlayedBooks.SavedState(copy, kind);
        var figure = new Regex($"(?<=\"{number}\":)-?\\d+");
        var changed = figure.Replace(state, found => $"{long.Parse(found.Value) + 1}", 1);
        Assert.NotEqual(state, changed);
        PlayedBooks.Do(
            copy, "UPDATE snapshot SET content = ?1 WHERE grain = ?2",
            SnapshotRow.Seal(grain, version, Encoding.UTF8.GetBytes(changed)), GrainKey.Bytes(grain));

        await IsFoundAsync(copy, grain);
    }

    [Fact]
    public async Task A_saved_state_with_a_wrong_checksum_is_named()
    {
        var copy = books.Copy();
        var (grain, version, state) = PlayedBooks.SavedState(copy, "account");
        var content = SnapshotRow.Seal(grain, version, Encoding.UTF8.GetBytes(state));
        content[10] ^= 1;
        PlayedBooks.Do(copy, "UPDATE snapshot SET content = ?1 WHERE grain = ?2", content, GrainKey.Bytes(grain));

        await IsFoundAsync(copy, grain);
    }

    [Theory]
    [InlineData("customer")]
    [InlineData("account")]
    public async Task A_dropped_event_is_named(string kind)
    {
        var copy = books.Copy();
        var grain = PlayedBooks.SavedState(copy, kind).Grain;
        var commit = PlayedBooks.MiddleCommit(copy, grain);
        PlayedBooks.Do(copy, "DELETE FROM journal WHERE position = ?1", commit.Position);

        await IsFoundAsync(copy, grain);
    }

    [Fact]
    public async Task Without_the_first_event_of_any_kind_of_grain_the_books_differ()
    {
        var copy = books.Copy();
        foreach (var (kind, position) in PlayedBooks.FirstCommits(copy))
        {
            var row = PlayedBooks.Row(copy, position);
            PlayedBooks.Do(copy, "DELETE FROM journal WHERE position = ?1", position);

            Assert.True((await ReportAsync(copy)).Differences > 0, kind);
            PlayedBooks.Do(copy, "INSERT INTO journal (position, record) VALUES (?1, ?2)", position, row);
        }

        Assert.Equal(0, (await ReportAsync(copy)).Differences);
    }

    [Theory]
    [InlineData("customer")]
    [InlineData("account")]
    public async Task A_doubled_event_is_named(string kind)
    {
        var copy = books.Copy();
        var grain = PlayedBooks.SavedState(copy, kind).Grain;
        var commit = PlayedBooks.MiddleCommit(copy, grain);
        var place = PlayedBooks.LastPosition(copy) + 1;
        PlayedBooks.Do(
            copy, "INSERT INTO journal (position, record) VALUES (?1, ?2)",
            place, Sealed(place, PlayedBooks.Row(copy, commit.Position)[..^Checksum.Size]));

        await IsFoundAsync(copy, grain);
    }

    [Fact]
    public async Task A_changed_event_is_named_by_the_law_it_breaks()
    {
        var copy = books.Copy();
        var grain = PlayedBooks.SavedState(copy, "account").Grain;
        var commit = ClearedCommit(copy, grain);
        var row = Plain(PlayedBooks.Row(copy, commit)[..^Checksum.Size]);
        var changed = Encoding.Latin1.GetBytes(
            ReplaceFirst(Encoding.Latin1.GetString(row), "\"minor_units\":66}", "\"minor_units\":67}"));
        PlayedBooks.Do(copy, "DELETE FROM snapshot");
        PlayedBooks.Do(copy, "UPDATE journal SET record = ?1 WHERE position = ?2", Sealed(commit, changed), commit);

        var report = await ReportAsync(copy);

        Assert.Contains(report.Listed, difference =>
            difference.Grain == grain.ToString() && difference.Law == "clearing");
    }

    [Fact]
    public async Task What_is_no_data_directory_is_wrong_usage()
    {
        var empty = Directory.CreateTempSubdirectory("retention-test-");

        Assert.Equal(2, await CommandLine.RunAsync(["verify", "--data", empty.FullName]));
        Assert.Equal(2, await CommandLine.RunAsync(["verify", "--data", Path.Combine(empty.FullName, "nowhere")]));
        empty.Delete();
    }

    [Fact]
    public async Task A_directory_that_a_server_works_in_is_wrong_usage()
    {
        await using var server = await TestServer.StartAsync();

        Assert.Equal(2, await CommandLine.RunAsync(["verify", "--data", server.DataDirectory]));
    }

    private static async Task IsFoundAsync(string directory, GrainId grain)
    {
        var report = await ReportAsync(directory);

        Assert.Contains(report.Listed, difference => difference.Grain == grain.ToString());
        Assert.Equal(1, await CommandLine.RunAsync(["verify", "--data", directory]));
    }

    private static Task<VerifyReport> ReportAsync(string directory) =>
        VerifyCommand.VerifyAsync(directory, ConsoleProgress.Silent, CancellationToken.None);

    // The commit in which a coupon of 1.99 was cleared at 0.66 to the redeemer.
    private static long ClearedCommit(string directory, GrainId account)
    {
        using var scan = StoreScan.Open(directory, isLocked: false);
        return scan.Journal().First(row => row.Record!.Writes.Any(write => write.Grain == account
            && write.Facts.Any(fact => Encoding.UTF8.GetString(fact.Span).Contains("\"minor_units\":66}")))).Position;
    }

    // A packed row, as one that is not: both are read.
    private static byte[] Plain(byte[] row) =>
        row[0] == JournalCodec.Packed ? [JournalCodec.Plain, .. JournalCodec.Unpack(row.AsSpan(1))] : row;

    private static byte[] Sealed(long place, byte[] content)
    {
        var row = new byte[content.Length + Checksum.Size];
        content.CopyTo(row, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(row.AsSpan(content.Length), Checksum.Of(place, content));
        return row;
    }

    private static string ReplaceFirst(string text, string was, string becomes)
    {
        var at = text.IndexOf(was, StringComparison.Ordinal);
        Assert.True(at >= 0, $"There is no {was} to damage.");
        return text[..at] + becomes + text[(at + was.Length)..];
    }
}
